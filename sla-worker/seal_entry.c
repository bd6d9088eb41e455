/* seal_entry.c -- see seal_entry.h. A turn reads the seals that are newer than those it has read,
 * keeps the last one of each chain, and gives one command for each to the writer. */
#include "sla-worker/seal_entry.h"

#include <pthread.h>

#include "audit/seal.h"
#include "base/log.h"
#include "platform/mongo/mongo.h"
#include "platform/process/metrics.h"
#include "platform/process/service.h"
#include "sla-worker/due_commands.h"
#include "base/banned.h"

enum {
    CHAINS_MAX = 256,   /* a turn; what is left comes in the next one */
    SEALS_MAX = 5000,   /* read a turn */
    REPORT_MS = 2000,   /* between two reports of readiness */
    AWAY_US = 30000000, /* after MongoDB was away */
};

/* MongoDB may be away, or not be built yet: nothing is amiss before two rounds are missed. */
#define LATE_US INT64_C(60000000)

/* What a chain wrote that ended longer ago than this, while no worker ran, stays as it is in the
 * log. */
#define BEGINS_BEFORE_US (INT64_C(86400) * 1000000)

static const char DEPENDENCY[] = "audit seals";

struct seal_entry {
    struct writer *writer;
    struct mongo *mongo;
    char *password;
    int64_t every_ms;
    int64_t read_to;    /* `at` up to which seals have been entered, us */
    struct queue *done; /* commands that are settled */
    struct queue *stop; /* nothing is ever put there: closed, it ends every pause */
    pthread_t thread;
};

/* ---- the newest of each chain ---- */

struct newest_seals {
    struct seal at[CHAINS_MAX];
    int count, read;
    int64_t last_at; /* of all that were read */
};

static struct seal *chain_of(struct newest_seals *n, const char *writer)
{
    for (int i = 0; i < n->count; i++)
        if (text_equal(n->at[i].end.writer, writer))
            return &n->at[i];
    return n->count < CHAINS_MAX ? &n->at[n->count++] : NULL;
}

/* They come by time, so each is newer than what its chain had before. */
static bool take_seal(const char *document, void *arg)
{
    struct newest_seals *n = arg;
    struct seal seal;
    if (!seal_read(document, &seal) || !seal_is_signed_by(&seal, seal.public_key)) {
        metric_add(METRIC_es_audit_forged_total, NULL, 1);
        log_error("a seal of the audit is none: citywatchctl audit verify tells more",
                  KV("document", document));
        return true;
    }
    struct seal *at = chain_of(n, seal.end.writer);
    if (!at)
        return false;
    *at = seal;
    n->read++;
    n->last_at = seal.at;
    return true;
}

static fallible read_newest(struct seal_entry *s, struct newest_seals *out)
{
    scoped_arena a = {0};
    const char *since = arena_printf(&a, "{\"at\":{\"$gte\":%lld}}", (long long)s->read_to);
    return mongo_find(s->mongo, AUDIT_SEALS, since, "{\"at\":1}", SEALS_MAX, take_seal, out);
}

/* ---- commands ---- */

static const char *hex(struct arena *a, const unsigned char *bytes, size_t count)
{
    char *out = arena_alloc(a, 2 * count + 1);
    text_hex(bytes, count, out);
    return out;
}

static struct due_command *new_entering(struct seal_entry *s, const struct seal *seal)
{
    struct due_command *d = must_alloc(1, sizeof(*d));
    struct EnterSeal *enter = &d->pending.command.EnterSeal;
    due_command_begin(d, seal->end.writer, seal->at, time_now());
    d->done = s->done;
    d->pending.command.type = EnterSeal;
    enter->number = seal->end.n;
    enter->record_hash = hex(&d->arena, seal->end.hash, CHAIN_HASH);
    enter->public_key = hex(&d->arena, seal->public_key, SEAL_PUBLIC);
    enter->sealed_at = seal->at;
    due_command_key(d, arena_printf(&d->arena, "audit/%s/%lld/%s", d->subject,
                                    (long long)enter->number, enter->record_hash));
    return d;
}

static void release(struct due_command *d)
{
    due_command_release(d);
    free(d);
}

/* Of one that contradicts the log nothing can be done here but to say so, loudly. */
static const struct problem *end_of(const struct due_command *d)
{
    if (d->problem != SEAL_CONTRADICTS)
        return d->problem;
    metric_add(METRIC_es_audit_forged_total, NULL, 1);
    log_error("a seal of the audit contradicts the log: citywatchctl audit verify tells more",
              KV("chain", d->subject), KV("problem", d->problem->name));
    return NULL;
}

static fallible enter_all(struct seal_entry *s, const struct newest_seals *n)
{
    const struct problem *first = NULL;
    struct job *back;
    int given = 0;
    for (int i = 0; i < n->count; i++) {
        struct due_command *d = new_entering(s, &n->at[i]);
        const struct problem *p = writer_put(s->writer, &d->pending);
        given += !p;
        if (p)
            release(d);
        first = first ? first : p;
    }
    for (; given; given--) {
        queue_take(s->done, &back, 1, -1);
        struct due_command *d = (struct due_command *)(void *)back;
        const struct problem *p = end_of(d);
        first = first ? first : p;
        release(d);
    }
    return first;
}

/* ---- the thread ---- */

/* *more: there are more than one turn reads. */
static fallible turn(struct seal_entry *s, bool *more)
{
    struct newest_seals *n = must_alloc(1, sizeof(*n));
    const struct problem *p = read_newest(s, n);
    if (!p)
        p = enter_all(s, n);
    if (!p && n->count)
        s->read_to = n->last_at;
    *more = !p && (n->read == SEALS_MAX || n->count == CHAINS_MAX);
    free(n);
    return p;
}

/* True: stopped. What is not reported for long counts as gone, so it says so meanwhile. */
static bool pause_until(struct seal_entry *s, int64_t until, int64_t late_at)
{
    struct job *none;
    for (int64_t left; (left = until - time_monotonic()) > 0;) {
        ready_report(DEPENDENCY, time_monotonic() < late_at, -1);
        int ms = left < REPORT_MS * 1000 ? (int)(left / 1000) + 1 : REPORT_MS;
        if (queue_take(s->stop, &none, 1, ms) != 0)
            return true;
    }
    return queue_take(s->stop, &none, 1, 0) != 0;
}

static void *entry_main(void *arg)
{
    struct seal_entry *s = arg;
    int64_t every_us = s->every_ms * 1000, late_us = LATE_US + 2 * every_us;
    int64_t late_at = time_monotonic() + late_us, next;
    pthread_setname_np(pthread_self(), "audit seals");
    do {
        bool more;
        const struct problem *p = turn(s, &more);
        int64_t now = time_monotonic();
        late_at = p ? late_at : now + late_us;
        next = more ? now : now + (p && every_us > AWAY_US ? AWAY_US : every_us);
    } while (!pause_until(s, next, late_at));
    return NULL;
}

/* A password that cannot be read was said at the start: settings_check_files. */
struct seal_entry *seal_entry_new(const struct settings *settings, struct writer *writer)
{
    if (!*settings->mongodb_uri)
        return NULL;
    struct seal_entry *s = must_alloc(1, sizeof(*s));
    s->writer = writer;
    s->every_ms = settings->audit_enter_seconds * 1000;
    s->read_to = time_now() - BEGINS_BEFORE_US;
    if ((*settings->mongodb_password_file &&
         secret_read_text(settings->mongodb_password_file, &s->password)) ||
        mongo_new(settings->mongodb_uri, s->password, AUDIT_DATABASE, &s->mongo)) {
        seal_entry_free(s);
        return NULL;
    }
    s->done = queue_new(CHAINS_MAX);
    s->stop = queue_new(1);
    ready_declare_optional(DEPENDENCY);
    if (pthread_create(&s->thread, NULL, entry_main, s))
        abort();
    return s;
}

void seal_entry_stop(struct seal_entry *s)
{
    if (!s || !s->stop)
        return;
    queue_close(s->stop);
    pthread_join(s->thread, NULL);
    queue_free(s->stop);
    s->stop = NULL;
}

void seal_entry_free(struct seal_entry *s)
{
    if (!s)
        return;
    seal_entry_stop(s);
    queue_free(s->done);
    mongo_free(s->mongo);
    free(s->password);
    free(s);
}

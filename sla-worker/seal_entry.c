/* seal_entry.c -- see seal_entry.h. A round looks at every chain of MongoDB and gives a command for
 * its newest seal to the writer; one that the log has already changes nothing. */
#include "sla-worker/seal_entry.h"

#include "audit/pages.h"
#include "base/log.h"
#include "platform/process/background.h"
#include "platform/process/metrics.h"
#include "platform/process/service.h"
#include "sla-worker/due_commands.h"
#include "base/banned.h"

enum {
    REPORT_MS = 2000,   /* between two reports of readiness */
    AWAY_US = 30000000, /* after MongoDB was away */
};

/* MongoDB may be away, or not be built yet: nothing is amiss before two rounds are missed. */
#define LATE_US INT64_C(60000000)

static const char DEPENDENCY[] = "audit seals";

struct seal_entry {
    struct writer *writer;
    struct mongo *mongo;
    struct seal_key key; /* whose seals are believed: who writes to MongoDB can put others there */
    int64_t every_us;
    struct queue *done; /* the command that is settled */
    struct background *thread;
};

/* ---- one seal ---- */

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

static void tell_forged(const char *chain, const char *what)
{
    metric_add(METRIC_es_audit_forged_total, NULL, 1);
    log_error("a seal of the audit is not what it was: citywatchctl audit verify tells more",
              KV("chain", chain), KV("reason", what));
}

/* Of one that contradicts the log nothing can be done here but to say so, loudly. */
static fallible enter(struct seal_entry *s, const struct seal *seal)
{
    struct job *back;
    struct due_command *d = new_entering(s, seal);
    const struct problem *p = writer_put(s->writer, &d->pending);
    if (!p) {
        queue_take(s->done, &back, 1, -1);
        p = d->problem;
    }
    if (p == SEAL_CONTRADICTS)
        tell_forged(d->subject, p->title);
    release(d);
    return p == SEAL_CONTRADICTS ? NULL : p;
}

static fallible enter_newest(struct seal_entry *s, const char *chain)
{
    struct seal seal;
    int64_t forged = 0;
    TRY(audit_newest_seal(s->mongo, chain, "", s->key.public_key, &seal, &forged));
    if (forged)
        tell_forged(chain, "the key of the city has not signed it");
    return seal.end.n ? enter(s, &seal) : NULL;
}

/* ---- the thread ---- */

static fallible enter_all(struct seal_entry *s)
{
    for (char chain[WRITER_TEXT] = "";;) {
        TRY(audit_next_sealed(s->mongo, chain, chain));
        if (!*chain)
            return NULL;
        TRY(enter_newest(s, chain));
    }
}

/* Its lag is the time since the last round that read every chain; none before the first one. */
static void report(int64_t done_at, int64_t late_at)
{
    int64_t now = time_monotonic();
    ready_report(DEPENDENCY, now < late_at, done_at ? (double)(now - done_at) / 1e6 : -1);
}

/* False: it is told to end. What is not reported for long counts as gone, so it says so meanwhile.
 */
static bool pause_until(struct background *b, int64_t until, int64_t done_at, int64_t late_at)
{
    for (int64_t left; (left = until - time_monotonic()) > 0;) {
        report(done_at, late_at);
        int ms = left < REPORT_MS * 1000 ? (int)(left / 1000) + 1 : REPORT_MS;
        if (!background_pause(b, ms))
            return false;
    }
    return background_pause(b, 0);
}

static void enter_seals(struct background *b, void *arg)
{
    struct seal_entry *s = arg;
    int64_t late_us = LATE_US + 2 * s->every_us, late_at = time_monotonic() + late_us;
    int64_t done_at = 0, next;
    do {
        const struct problem *p = enter_all(s);
        int64_t now = time_monotonic();
        done_at = p ? done_at : now;
        late_at = p ? late_at : now + late_us;
        next = now + (p && s->every_us > AWAY_US ? AWAY_US : s->every_us);
    } while (pause_until(b, next, done_at, late_at));
}

static fallible prepare(struct seal_entry *s, const struct settings *settings)
{
    TRY(seal_key_read(settings->audit_key_file, &s->key));
    return audit_mongo(settings->mongodb_uri, settings->mongodb_password_file, &s->mongo);
}

fallible seal_entry_new(const struct settings *settings, struct writer *writer,
                        struct seal_entry **out)
{
    *out = NULL;
    if (!*settings->mongodb_uri || !*settings->audit_key_file)
        return NULL;
    struct seal_entry *s = *out = must_alloc(1, sizeof(*s));
    s->writer = writer;
    s->every_us = settings->audit_enter_seconds * 1000000;
    s->done = queue_new(1);
    TRY(prepare(s, settings));
    ready_declare_optional(DEPENDENCY);
    s->thread = background_start("audit seals", enter_seals, s);
    if (!s->thread)
        abort();
    return NULL;
}

void seal_entry_stop(struct seal_entry *s)
{
    if (!s)
        return;
    background_end(s->thread);
    s->thread = NULL;
}

void seal_entry_free(struct seal_entry *s)
{
    if (!s)
        return;
    seal_entry_stop(s);
    queue_free(s->done);
    mongo_free(s->mongo);
    seal_key_wipe(&s->key);
    free(s);
}

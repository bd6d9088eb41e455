/* relay.c -- see relay.h. Each answer of publish.lua has its line in `apply_answer`. */
#include "command-api/relay.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "events/decision.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/time.h"
#include "command-api/publish.h"
#include "platform/process/metrics.h"
#include "platform/process/service.h"
#include "platform/postgres/sessions.h"
#include "base/banned.h"

enum {
    STUCK_MS = 5000,     /* between two tries when only an operator can help */
    PROBE_US = 1000000,  /* between two looks at the epoch and, without events, at Redis */
    TRIM_EVERY = 10000,  /* events between two trims, at most; */
    TRIM_PART = 8,       /* this part of what is kept, if that is less */
    RETAINED_MIN = 1000, /* below this a full Redis is the operator's */
};

struct relay {
    const struct settings *settings;
    struct pg *connection;
    struct store *store;
    struct redis *redis;
    struct log_place place;
    bool known;            /* place.position is what Redis said, not a first guess */
    int64_t retain;        /* events kept in Redis; less after an OOM */
    int64_t trimmed;       /* position of the last trim */
    int64_t grown;         /* position at which `retain` was last looked at */
    int64_t redis_checked; /* generation of the connection whose policy was looked at */
    int64_t leader;        /* generation of the connection that holds the advisory lock */
    int64_t probe_at;
    bool over; /* the log has begun another life: this process ends */
    int wake;  /* eventfd */
    atomic_bool stop;
    bool started;
    pthread_t thread;
};

struct relay *relay_new(const struct settings *settings, const char *redis_password)
{
    int timeout = (int)settings->database_timeout_ms;
    struct relay *r = must_alloc(1, sizeof(*r));
    r->settings = settings;
    r->connection = pg_new(settings->database_url, "relay", relay_session, timeout);
    r->store = store_new(r->connection);
    r->redis = redis_new(settings->redis_host, (int)settings->redis_port, redis_password, timeout);
    r->place.position = -1;
    r->retain = settings->redis_retain_events;
    r->trimmed = -TRIM_EVERY; /* the setting may be lower than the last process's */
    r->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    for (const struct stream_kind *k = stream_kinds; k->kind; k++)
        category_place_of(
            &r->place, k->category); /* named from the start: every one of their keys is compared */
    return r;
}

int64_t relay_position(const struct relay *r)
{
    return r->place.position;
}

/* ---- before publishing ---- */

/* Any other policy may drop the streams behind our back. */
static fallible check_eviction(struct relay *r)
{
    scoped_arena a = {0};
    struct redis_reply reply;
    if (r->redis_checked && r->redis_checked == redis_generation(r->redis))
        return NULL;
    TRY(redis_command(r->redis, &a, &reply, "CONFIG", "GET", "maxmemory-policy", NULL));
    if (reply.kind != REPLY_ARRAY || reply.count != 2)
        return REDIS_REFUSED; /* LOADING, most likely */
    if (!text_equal(reply.at[1].text, "noeviction")) {
        log_error("redis must run with maxmemory-policy noeviction",
                  KV("policy", reply.at[1].text));
        return INTERNAL;
    }
    r->redis_checked = redis_generation(r->redis);
    return NULL;
}

/* A relay belongs to the first epoch it meets, and ends with it. */
static fallible read_head(struct relay *r, int64_t *head)
{
    int64_t epoch;
    TRY(store_head(r->store, head, &epoch));
    if (epoch == r->place.epoch)
        return NULL;
    if (r->place.epoch)
        return EPOCH_RAISED;
    TRY(store_id(r->store, r->place.store_id));
    log_info("relay follows the log", KV("store", r->place.store_id), KV("epoch", epoch));
    r->place.epoch = epoch;
    return NULL;
}

static void set_last(void *arg, const char *category, int64_t last)
{
    struct category_place *c = category_place_of(arg, category);
    if (c)
        c->last = last;
}

/* From now on the next event is the one after `position`; prev comes from the store. */
static fallible stand_at(struct relay *r, int64_t position)
{
    for (int i = 0; i < r->place.category_count; i++)
        r->place.categories[i].last = 0;
    TRY(store_categories(r->store, position, set_last, &r->place));
    r->place.position = position;
    return NULL;
}

/* ---- after the answer ---- */

static fallible name_categories(struct relay *r, const struct event_page *page)
{
    for (int i = 0; i < page->count; i++)
        if (!category_place_of(&r->place, page->at[i].category)) {
            log_error("more categories than the relay has room for");
            return INTERNAL;
        }
    return NULL;
}

static void published(struct relay *r, const struct event_page *page)
{
    for (int i = 0; i < page->count; i++)
        set_last(&r->place, page->at[i].category, page->at[i].position);
    r->place.position += page->count;
    r->known = true;
    metric_set(METRIC_es_relay_position, NULL, (double)r->place.position);
}

/* The first events go with the call that clears the keys: an empty key would say "I am at 0". */
static fallible seed(struct relay *r)
{
    scoped_arena a = {0};
    struct event_page page;
    enum publish_answer answer;
    int64_t head, last;
    TRY(read_head(r, &head));
    TRY(stand_at(r, head > r->retain ? head - r->retain : 0));
    TRY(store_read(r->store, r->place.position, PUBLISH_MAX, &a, &page));
    TRY(name_categories(r, &page));
    log_info("redis begins a new copy of the log", KV("after", r->place.position),
             KV("head", head));
    if (r->known)
        metric_add(METRIC_es_redis_gap_total, NULL, 1);
    TRY(publish(r->redis, &r->place, true, &page, &a, &answer, &last));
    if (answer == PUBLISHED)
        published(r, &page);
    return answer == PUBLISHED || answer == GAP ? NULL : REDIS_REFUSED;
}

static fallible resume_from(struct relay *r, int64_t last)
{
    int64_t head;
    TRY(read_head(r, &head));
    if (last > head) {
        log_error("redis is ahead of the store: it was restored without a new epoch",
                  KV("redis", last), KV("store", head));
        return INTERNAL;
    }
    if (r->known) {
        log_warning("redis lost events; publishing them again", KV("after", last),
                    KV("had", r->place.position));
        metric_add(METRIC_es_redis_gap_total, NULL, 1);
    }
    r->known = true;
    return stand_at(r, last);
}

/* Another relay has published a life of the log that this one has not heard of, or the store was
 * set back behind it. */
static fallible meet_later_life(struct relay *r, int64_t epoch)
{
    int64_t head;
    TRY(read_head(r, &head));
    log_error("redis holds a later epoch than the store: it was restored without a new one",
              KV("redis", epoch), KV("store", r->place.epoch));
    return INTERNAL;
}

static fallible make_room(struct relay *r)
{
    if (r->retain > RETAINED_MIN)
        r->retain = r->retain / 2 > RETAINED_MIN ? r->retain / 2 : RETAINED_MIN;
    log_warning("redis is full; keeping fewer events", KV("retained", r->retain));
    if (r->place.position > r->retain)
        TRY(publish_trim(r->redis, &r->place, r->place.position - r->retain));
    return REDIS_REFUSED;
}

static fallible apply_answer(struct relay *r, enum publish_answer answer, int64_t last,
                             const struct event_page *page)
{
    switch (answer) {
    case PUBLISHED: published(r, page); return NULL;
    case GAP: return resume_from(r, last);
    case OTHER_EPOCH: return last > r->place.epoch ? meet_later_life(r, last) : seed(r);
    case AHEAD: return publish_forget_epoch(r->redis);
    case NO_MEMORY: return make_room(r);
    case TRY_LATER: return REDIS_REFUSED;
    }
    return INTERNAL;
}

/* ---- one turn ---- */

/* What a moment of full memory took comes back by and by. */
static void grow(struct relay *r)
{
    if (r->place.position - r->grown < TRIM_EVERY)
        return;
    r->grown = r->place.position;
    r->retain += r->retain / 4;
    if (r->retain > r->settings->redis_retain_events)
        r->retain = r->settings->redis_retain_events;
}

static fallible trim(struct relay *r)
{
    FAILPOINT(RELAY_BEFORE_TRIM);
    int64_t keep_from = r->place.position - r->retain;
    int64_t every = r->retain / TRIM_PART < TRIM_EVERY ? r->retain / TRIM_PART : TRIM_EVERY;
    if (keep_from <= 0 || r->place.position - r->trimmed < every)
        return NULL;
    r->trimmed = r->place.position;
    grow(r);
    return publish_trim(r->redis, &r->place, keep_from);
}

static void report_lag(const struct event_page *page, bool caught_up)
{
    double lag = caught_up ? 0 : (double)(time_now() - page->at[0].recorded) / 1e6;
    metric_set(METRIC_es_relay_lag_seconds, NULL, lag);
    ready_report("redis", true, lag);
}

fallible relay_step(struct relay *r, bool *progress)
{
    scoped_arena a = {0};
    struct event_page page = {.count = 0};
    enum publish_answer answer;
    int64_t last, head;
    *progress = false;
    int64_t now = time_monotonic();
    bool probe = r->place.position < 0 || now >= r->probe_at; /* by the clock, however busy */
    if (probe) {
        TRY(read_head(r, &head));
        TRY(check_eviction(r));
    }
    if (r->place.position < 0) { /* a comparison that fails tells where Redis stands */
        TRY(stand_at(r, 0));
        probe = true;
    }
    FAILPOINT(RELAY_BEFORE_READ);
    TRY(store_read(r->store, r->place.position, PUBLISH_MAX, &a, &page));
    if (page.count && page.epoch != r->place.epoch)
        return EPOCH_RAISED; /* nothing of a new life is published as of the old one */
    TRY(name_categories(r, &page));
    if (!page.count && !probe) {
        report_lag(&page, true);
        return NULL;
    }
    FAILPOINT(RELAY_BEFORE_PUBLISH);
    TRY(publish(r->redis, &r->place, false, &page, &a, &answer, &last));
    FAILPOINT(RELAY_AFTER_PUBLISH);
    bool ok = answer == PUBLISHED;
    TRY(apply_answer(r, answer, last, &page));
    if (probe && ok)
        r->probe_at = now + PROBE_US;
    *progress = !ok || page.count == PUBLISH_MAX;
    report_lag(&page, page.count < PUBLISH_MAX);
    return trim(r);
}

/* ---- the thread ---- */

static const struct pg_statement LOCK = {"relay_lock", "SELECT pg_try_advisory_lock(721394820)"};

/* The lock goes with the connection, so it is asked for again on every new one. */
static bool is_leader(struct relay *r)
{
    scoped_rows *rows = NULL;
    if (r->leader && r->leader == pg_generation(r->connection))
        return true;
    if (pg_call(r->connection, &LOCK, 0, NULL, &rows))
        return false;
    if (text_equal(rows_text(rows, 0, 0), "t"))
        r->leader = pg_generation(r->connection);
    return r->leader == pg_generation(r->connection);
}

void relay_wake(struct relay *r)
{
    uint64_t one = 1;
    ssize_t written = write(r->wake, &one, sizeof(one));
    (void)written; /* full means: it is awake anyway */
}

/* `wakeable` or not: while something is away a commit must not cut the pause short. */
static void sleep_ms(struct relay *r, int ms, bool wakeable)
{
    struct pollfd p = {.fd = wakeable ? r->wake : -1, .events = POLLIN};
    uint64_t count;
    if (poll(&p, 1, ms) > 0) {
        ssize_t taken = read(r->wake, &count, sizeof(count));
        (void)taken;
    }
}

/* Of a relay that waits for its turn. */
static void report_redis(struct relay *r)
{
    scoped_arena a = {0};
    struct redis_reply reply;
    const struct problem *p = redis_command(r->redis, &a, &reply, "PING", NULL);
    ready_report("redis", !p && reply.kind != REPLY_ERROR, -1);
}

static void end_life(struct relay *r)
{
    r->over = true;
    service_fail("the event log has begun another epoch: it was restored");
}

static void *relay_main(void *arg)
{
    struct relay *r = arg;
    int pause = 0; /* 10 ms … 1 s while something is away; 1 … 20 ms while there is nothing to do */
    while (!atomic_load(&r->stop)) {
        bool progress = false;
        if (!is_leader(r)) {
            report_redis(r);
            sleep_ms(r, 500, false);
            continue;
        }
        if (r->over) {
            sleep_ms(r, STUCK_MS, true);
            continue;
        }
        const struct problem *p = relay_step(r, &progress);
        if (p == EPOCH_RAISED)
            end_life(r);
        else if (p == INTERNAL ||
                 p == BATCH_REJECTED) { /* commands go on; this waits for the operator */
            log_error("nothing is published until this is settled", KV("problem", p->name));
            r->place.position = -1;
            ready_report("redis", false, -1);
            sleep_ms(r, STUCK_MS, false);
        } else if (p) {
            ready_report("redis", false, -1);
            pause = pause < 10 ? 10 : pause < 500 ? pause * 2 : 1000;
        } else {
            pause = progress ? 0 : pause < 1 ? 1 : pause < 20 ? pause * 2 : 20;
        }
        if (pause)
            sleep_ms(r, pause, !p);
    }
    return NULL;
}

void relay_start(struct relay *r)
{
    ready_declare_optional("redis");
    metric_add(METRIC_es_redis_gap_total, NULL,
               0); /* shown from the start, so that its first rise is seen */
    r->started = true;
    if (pthread_create(&r->thread, NULL, relay_main, r))
        abort();
}

void relay_free(struct relay *r)
{
    if (!r)
        return;
    atomic_store(&r->stop, true);
    relay_wake(r);
    if (r->started)
        pthread_join(r->thread, NULL);
    store_free(r->store);
    pg_free(r->connection);
    redis_free(r->redis);
    close(r->wake);
    free(r);
}

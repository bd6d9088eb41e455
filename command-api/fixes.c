/* fixes.c -- see fixes.h. A request's struct lives in its arena and belongs to one thread at a
 * time: the loop, perhaps the thread of units, the thread of fixes, the loop. */
#include "command-api/fixes.h"

#include <pthread.h>
#include <stdio.h>

#include "api/request_kinds.h"
#include "base/time.h"
#include "command-api/authenticate.h"
#include "command-api/command_api.h"
#include "command-api/commands.h"
#include "command-api/edge.h"
#include "platform/postgres/sessions.h"
#include "platform/postgres/store.h"
#include "platform/process/metrics.h"
#include "platform/process/service.h"
#include "positions/fix_body.h"
#include "positions/live.h"
#include "positions/units.h"
#include "base/banned.h"

enum {
    UNCERTAIN_MAX = 1024, /* requests that wait for one more look at who belongs to what */
    FOLLOW_MS = 250,
    REDIS_TIMEOUT_MS = 1000,
    PATIENCE_US = 2000000, /* of a fix that waits; past it, it is not begun */
    AWAY_US = 250000,      /* after Redis has failed, fixes are refused at once */
};

struct fix_request {
    struct job job; /* first */
    struct http_loop *loop;
    struct http_request *request; /* it owns this struct: both go with the reply */
    const struct fix_row *row;
    struct fix fix;
    const char *user, *agency;
    int role;
    int64_t deadline; /* monotonic */
    const struct problem *problem;
    enum fix_effect effect;
    struct command_request *command; /* then; NULL: none */
};

struct fixes {
    struct queue *waiting, *uncertain;
    struct unit_map *units;
    struct redis *redis;
    struct live *live;
    struct pg *log;
    struct store *store;
    int64_t position;   /* followed up to there */
    int64_t away_until; /* monotonic */
    pthread_t taker, follower;
};

/* ---- the answer ---- */

static void answer_taken(const struct fix_request *q)
{
    char time[TIME_TEXT];
    const char *body = arena_join(http_arena(q->request), "{\"accepted\":true,\"moved\":",
                                  q->effect == FIX_MOVED ? "true" : "false", ",\"recorded_at\":\"");
    body = arena_join(http_arena(q->request), body, time_format(q->fix.at, time),
                      "\",\"success\":true}");
    http_reply(q->request,
               &(struct http_answer){.status = 200, .body = body, .length = strlen(body)});
}

/* No rule has read the command that came with it, so nobody knows yet whose it is. */
static void answer_refused_fix(struct http_request *r, const struct fix_row *row,
                               const struct problem *p, const struct fault *f)
{
    if (command_row_may_be_anonymous(row->command))
        http_forget_client(r);
    http_refuse(r, p, f);
}

static void finish(struct job *j)
{
    struct fix_request *q = (struct fix_request *)(void *)j;
    if (q->problem)
        answer_refused_fix(q->request, q->row, q->problem, NULL);
    else if (q->command)
        command_begin(q->command);
    else
        answer_taken(q);
}

/* From another thread: only the loop may touch a request. */
static void post_to_loop(struct fix_request *q, const struct problem *p)
{
    q->problem = p;
    q->job.finish = finish;
    http_post(q->loop, &q->job);
}

/* ---- who may ---- */

static const struct problem *refuse_unless_allowed(struct unit_map *units,
                                                   const struct fix_request *q)
{
    char agency[AGENCY_TEXT];
    if (!units_find(units, q->fix.unit, agency))
        return q->row->missing;
    bool allowed = q->role & q->row->members ? units_has_member(units, q->fix.unit, q->user)
                                             : !*q->agency || text_equal(q->agency, agency);
    return allowed ? NULL : q->row->refused;
}

/* ---- the handler ---- */

static fallible read_request(struct http_request *r, struct fix_request *q, const char *json,
                             size_t length, struct fault *f)
{
    struct claims claims;
    struct arena *a = http_arena(r);
    TRY(authenticate(r, q->row->members | q->row->commanders, &claims, NULL));
    if (!uuid_read(http_segment(r, "id"), q->fix.unit))
        return q->row->missing;
    if (!q->command)
        TRY(edge_no_parameters(r, f));
    if (!q->command && http_header(r, HTTP_IF_MATCH))
        return fault_at(f, BAD_HEADER, "If-Match", "A fix has no version.");
    TRY(fix_body_read(json, length, time_now(), a, &q->fix, f));
    q->user = arena_text(a, claims.user_id);
    q->agency = arena_text(a, claims.agency);
    q->role = (int)claims.role;
    return NULL;
}

static fallible take(struct http_request *r, const struct fix_row *row, const char *json,
                     size_t length, struct command_request *command, struct fault *f)
{
    const struct command_api *api = http_context(r);
    struct fix_request *q = arena_alloc(http_arena(r), sizeof(*q));
    if (!command)
        http_notes(r)->kind = KIND_ROLLUP;
    q->row = row;
    q->command = command;
    q->request = r;
    q->loop = http_loop_of(r);
    TRY(read_request(r, q, json, length, f));
    q->deadline = time_monotonic() + PATIENCE_US;
    bool known = units_are_known(api->fixes->units) && !refuse_unless_allowed(api->fixes->units, q);
    return queue_put(known ? api->fixes->waiting : api->fixes->uncertain, &q->job);
}

/* What is of the fix and what of the command: either may be missing, not both. */
static fallible take_both(struct http_request *r, const struct fix_row *row, const char *json,
                          size_t length, struct fault *f)
{
    scoped_text fix = {0}, rest = {0};
    struct command_request *command = NULL;
    bool apart = fix_body_part(json, length, http_arena(r), &fix, &rest);
    if (!apart || rest.length || !fix.length)
        TRY(command_read(r, row->command, apart && rest.length ? rest.at : json,
                         apart && rest.length ? rest.length : length, &command, f));
    if (apart && fix.length)
        return take(r, row, fix.at, fix.length, command, f);
    command_begin(command);
    return NULL;
}

void handle_fix(struct http_request *r, const void *row)
{
    struct fault f = {0};
    const struct fix_row *of = row;
    size_t length;
    const char *json = http_body(r, &length);
    const struct problem *p =
        of->command ? take_both(r, of, json, length, &f) : take(r, of, json, length, NULL, &f);
    if (!p)
        return;
    if (p == QUEUE_FULL || p == SHUTTING_DOWN)
        metric_add(METRIC_fixes_total, "refused", 1);
    answer_refused_fix(r, of, p, &f);
}

/* ---- the thread that puts them into Redis ---- */

static const char *effect_word(enum fix_effect e)
{
    return e == FIX_MOVED ? "moved" : e == FIX_LATE ? "older" : "duplicate";
}

static void answer_all(struct fix_request **all, int count, const struct problem *p,
                       const enum fix_effect *effects)
{
    for (int i = 0; i < count; i++) {
        if (!p)
            all[i]->effect = effects[i];
        metric_add(METRIC_fixes_total, p ? "refused" : effect_word(effects[i]), 1);
        post_to_loop(all[i], p);
    }
}

static void put_batch(struct fixes *f, struct job *jobs)
{
    struct fix_request *batch[LIVE_BATCH], *late[LIVE_BATCH];
    struct fix fixes[LIVE_BATCH];
    enum fix_effect effects[LIVE_BATCH];
    int count = 0, late_count = 0;
    int64_t now = time_monotonic();
    for (struct job *j = jobs, *next; j; j = next) {
        struct fix_request *q = (struct fix_request *)(void *)j;
        next = j->next;
        if (now >= q->deadline || now < f->away_until) {
            late[late_count++] = q;
            continue;
        }
        fixes[count] = q->fix;
        batch[count++] = q;
    }
    answer_all(late, late_count, POSITIONS_AWAY, NULL);
    if (!count)
        return;
    bool failed = live_put(f->live, fixes, count, effects) != NULL;
    if (failed)
        f->away_until = time_monotonic() + AWAY_US;
    answer_all(batch, count, failed ? POSITIONS_AWAY : NULL, effects);
}

static void *taker_main(void *arg)
{
    struct fixes *f = arg;
    struct job *jobs;
    int count;
    pthread_setname_np(pthread_self(), "fixes");
    while ((count = queue_take(f->waiting, &jobs, LIVE_BATCH, 1000)) >= 0) {
        if (count)
            put_batch(f, jobs);
        metric_set(METRIC_queue_length, "fixes", queue_length(f->waiting));
    }
    return NULL;
}

/* ---- the thread that follows who belongs to what ---- */

static void decide_again(struct fixes *f, struct job *jobs, const struct problem *away)
{
    for (struct job *j = jobs, *next; j; j = next) {
        struct fix_request *q = (struct fix_request *)(void *)j;
        next = j->next;
        const struct problem *p = away ? STORE_UNAVAILABLE : refuse_unless_allowed(f->units, q);
        if (!p)
            p = queue_put(f->waiting, j);
        if (p)
            post_to_loop(q, p);
    }
}

static void *follower_main(void *arg)
{
    struct fixes *f = arg;
    struct job *jobs;
    int count;
    pthread_setname_np(pthread_self(), "units");
    while ((count = queue_take(f->uncertain, &jobs, UNCERTAIN_MAX, FOLLOW_MS)) >= 0) {
        const struct problem *p = units_follow(f->units, f->store, &f->position);
        ready_report("units", !p, -1);
        if (count)
            decide_again(f, jobs, p);
    }
    return NULL;
}

/* ---- life ---- */

struct fixes *fixes_new(const struct settings *settings, const char *redis_password)
{
    struct fixes *f = must_alloc(1, sizeof(*f));
    f->waiting = queue_new(FIXES_WAITING);
    f->uncertain = queue_new(UNCERTAIN_MAX);
    f->units = units_new();
    f->redis = redis_new(settings->redis_host, (int)settings->redis_port, redis_password,
                         REDIS_TIMEOUT_MS);
    f->live = live_new(f->redis, settings->fixes_retain);
    f->log = pg_new(settings->database_url, "units", read_only_session,
                    (int)settings->database_timeout_ms);
    f->store = store_new(f->log);
    ready_declare_optional("units");
    for (const char *const *r =
             (const char *const[]){"moved", "older", "duplicate", "refused", NULL};
         *r; r++)
        metric_add(METRIC_fixes_total, *r, 0); /* shown from the start */
    if (pthread_create(&f->taker, NULL, taker_main, f) ||
        pthread_create(&f->follower, NULL, follower_main, f))
        abort();
    return f;
}

struct unit_map *fixes_units(struct fixes *f)
{
    return f->units;
}

/* The follower first: what it still passes on finds an open queue. */
void fixes_stop(struct fixes *f)
{
    if (!f)
        return;
    queue_close(f->uncertain);
    pthread_join(f->follower, NULL);
    queue_close(f->waiting);
    pthread_join(f->taker, NULL);
}

void fixes_free(struct fixes *f)
{
    if (!f)
        return;
    queue_free(f->waiting);
    queue_free(f->uncertain);
    units_free(f->units);
    live_free(f->live);
    redis_free(f->redis);
    store_free(f->store);
    pg_free(f->log);
    free(f);
}

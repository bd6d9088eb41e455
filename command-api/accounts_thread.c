/* accounts_thread.c -- the thread, its hash pool and what it remembers of them. Jobs go from the
 * loop to the thread, perhaps to the pool and back to the thread, and home to the loop. All state
 * but the two atomics belongs to the thread. */
#include "command-api/accounts_thread.h"

#include <limits.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/log.h"
#include "base/time.h"
#include "platform/identity/digest.h"
#include "platform/process/memo.h"
#include "platform/process/metrics.h"
#include "platform/process/service.h"
#include "platform/postgres/sessions.h"
#include "base/banned.h"

enum { REMEMBERED_MAX = 10000, CHORE_MS = 250 };
static const int64_t REMEMBER_US = 5 * 60 * INT64_C(1000000);
static const int64_t SLOW_US = 50000; /* of a step: then some of those behind it may be too late */

struct accounts {
    const struct command_api *api;
    struct pg *database;
    struct queue *queue;
    struct pool *hashers;
    pthread_t thread;
    struct memo *verified;    /* fingerprints of passwords that were right */
    unsigned char secret[32]; /* of the fingerprints, drawn at start */
    char dummy[PASSWORD_HASH_TEXT];
    struct account_job *running; /* log-ins on the pool, by next_job */
    struct job *todo, **end;     /* taken from the queue, in its order */
    int64_t followed;            /* position up to which ended sessions are known */
    int64_t next_chore;          /* monotonic us */
    int limit;
    atomic_int inside; /* jobs taken and not yet posted */
    atomic_bool stopping;
};

struct pg *accounts_database(struct accounts *s)
{
    return s->database;
}

const struct command_api *accounts_api(struct accounts *s)
{
    return s->api;
}

const char *accounts_dummy_hash(struct accounts *s)
{
    return s->dummy;
}

/* ---- to the thread and home again ---- */

fallible accounts_put(struct accounts *s, struct account_job *j)
{
    const struct problem *p = NULL;
    j->deadline = time_monotonic() + s->api->settings->command_wait_ms * 1000;
    if (atomic_fetch_add(&s->inside, 1) >= s->limit)
        p = QUEUE_FULL;
    else if (atomic_load(&s->stopping)) /* after counting: accounts_stop sees one or the other */
        p = SHUTTING_DOWN;
    else
        p = queue_put(s->queue, &j->job);
    if (p)
        atomic_fetch_sub(&s->inside, 1);
    return p;
}

static void post(struct accounts *s, struct account_job *j)
{
    http_post(j->loop, &j->job);
    atomic_fetch_sub(&s->inside, 1);
}

void account_answer(struct accounts *s, struct account_job *j, int status)
{
    j->status = status;
    post(s, j);
}

void account_refuse(struct accounts *s, struct account_job *j, const struct problem *p)
{
    j->problem = p;
    post(s, j);
}

/* ---- the hash pool ---- */

/* The prepared password, then the typed one if that is another: older hashes were made of it. What
 * was right by other means than the next log-in's gets a new hash. */
static fallible verify(struct account_job *j)
{
    const char *now = j->prepared ? j->prepared : j->password;
    bool typed = false;
    TRY(password_verify(j->stored_hash, now, &j->right));
    if (!j->right && !text_equal(now, j->password)) {
        TRY(password_verify(j->stored_hash, j->password, &typed));
        j->right = typed;
    }
    if (j->right && (typed || password_needs_rehash(j->stored_hash)) &&
        password_hash(now, j->new_hash))
        j->new_hash[0] = '\0'; /* no memory: at another log-in */
    return NULL;
}

static void work(struct job *job, void *state)
{
    struct accounts *s = state;
    struct account_job *j = (struct account_job *)job;
    if (!j->stored_hash)
        j->hash_problem = password_hash(j->prepared, j->new_hash);
    else
        j->hash_problem = verify(j);
    if (queue_put(s->queue, job)) /* there is room for all inside, and it closes when nobody is */
        abort();
}

static void *lend(void *context)
{
    return context;
}

/* Refuses the job if the pool is full. */
static void to_pool(struct accounts *s, struct account_job *j)
{
    const struct problem *p = pool_put(s->hashers, &j->job);
    if (p) {
        j->hash_problem = p;
        j->step(s, j);
    }
}

static bool is_too_late(const struct account_job *j)
{
    return time_monotonic() > j->deadline;
}

static void after_hash(struct accounts *s, struct account_job *j)
{
    if (!j->hash_problem && is_too_late(j))
        j->hash_problem = QUEUE_FULL; /* the database has done nothing yet */
    if (!j->hash_problem) {
        j->then(s, j);
        return;
    }
    if (j->stored_hash)
        metric_add(METRIC_login_total, "busy", 1);
    account_refuse(s, j, j->hash_problem);
}

void accounts_hash(struct accounts *s, struct account_job *j,
                   void (*then)(struct accounts *s, struct account_job *j))
{
    j->then = then;
    j->stored_hash = NULL;
    j->step = after_hash;
    to_pool(s, j);
}

/* ---- log-ins that are equal, at once or soon after each other ---- */

void accounts_fingerprint(struct accounts *s, struct account_job *j, const char *id,
                          const char *stored_hash)
{
    j->stored_hash = stored_hash;
    digest_parts(s->secret, (const char *const[]){id, stored_hash, j->password}, 3, j->fingerprint);
}

bool accounts_remembers(struct accounts *s, const struct account_job *j)
{
    return memo_find(s->verified, j->fingerprint, time_monotonic()) != NULL;
}

static void leave_running(struct accounts *s, struct account_job *j)
{
    struct account_job **at = &s->running;
    while (*at != j)
        at = &(*at)->next_job;
    *at = j->next_job;
}

/* The followers first: the one with a new_hash changes what all were compared with. */
static void verified(struct accounts *s, struct account_job *j)
{
    int64_t now = time_monotonic();
    leave_running(s, j);
    if (!j->hash_problem && j->right)
        memo_put(s->verified, j->fingerprint, now, now + REMEMBER_US, NULL);
    for (struct account_job *f = j->followers, *next; f; f = next) {
        next = f->next_job;
        f->right = j->right;
        f->hash_problem = j->hash_problem;
        after_hash(s, f);
    }
    after_hash(s, j);
}

void accounts_verify(struct accounts *s, struct account_job *j,
                     void (*then)(struct accounts *s, struct account_job *j))
{
    j->then = then;
    for (struct account_job *r = s->running; r; r = r->next_job)
        if (sodium_memcmp(r->fingerprint, j->fingerprint, sizeof(j->fingerprint)) == 0) {
            j->next_job = r->followers;
            r->followers = j;
            return;
        }
    j->next_job = s->running;
    s->running = j;
    j->step = verified;
    to_pool(s, j);
}

/* ---- the thread ---- */

static void share_deadline(struct accounts *s)
{
    int64_t timeout_ms = s->api->settings->database_timeout_ms;
    pg_share_deadline(s->database, time_monotonic() + timeout_ms * 1000);
}

/* All that one step asks of the database shares one deadline. What is too late and not begun is
 * refused; what was on the pool its step refuses, which has others to tell. */
static void run(struct accounts *s, struct account_job *j)
{
    share_deadline(s);
    if (is_too_late(j) && !j->then)
        account_refuse(s, j, QUEUE_FULL);
    else
        j->step(s, j);
    pg_share_deadline(s->database, 0);
}

/* -1 once the queue is closed and nothing is left. */
static int take_jobs(struct accounts *s)
{
    struct job *jobs;
    int n = queue_take(s->queue, &jobs, INT_MAX, s->todo ? 0 : CHORE_MS);
    for (; n > 0 && jobs; jobs = jobs->next) {
        *s->end = jobs;
        s->end = &jobs->next;
    }
    return s->todo ? 1 : n;
}

static struct account_job *take_out(struct accounts *s, struct job **at)
{
    struct job *j = *at;
    *at = j->next;
    if (s->end == &j->next)
        s->end = at;
    return (struct account_job *)(void *)j;
}

/* The database may have kept us waiting: nobody waits for another step who is too late by now. */
static void refuse_late(struct accounts *s, int64_t began)
{
    if (time_monotonic() - began < SLOW_US)
        return;
    take_jobs(s);
    for (struct job **at = &s->todo; *at;) {
        if (is_too_late((struct account_job *)(void *)*at))
            run(s, take_out(s, at));
        else
            at = &(*at)->next;
    }
}

/* Several times a second: which sessions have ended, here or by another process. */
static void do_chores(struct accounts *s)
{
    if (time_monotonic() < s->next_chore)
        return;
    share_deadline(s);
    const struct problem *p = revoked_follow(s->api->revoked, s->database, &s->followed);
    pg_share_deadline(s->database, 0);
    ready_report("accounts", !p, -1);
    int waiting = queue_length(s->queue);
    for (const struct job *j = s->todo; j; j = j->next)
        waiting++;
    metric_set(METRIC_queue_length, "accounts", waiting);
    metric_set(METRIC_queue_length, "hash", pool_waiting(s->hashers));
    s->next_chore = time_monotonic() + CHORE_MS * 1000;
}

static void *thread_main(void *arg)
{
    struct accounts *s = arg;
    pthread_setname_np(pthread_self(), "accounts");
    do_chores(s);
    while (take_jobs(s) >= 0) {
        int64_t began = time_monotonic();
        if (s->todo)
            run(s, take_out(s, &s->todo));
        refuse_late(s, began);
        began = time_monotonic();
        do_chores(s);
        refuse_late(s, began);
    }
    return NULL;
}

void accounts_free(struct accounts *s)
{
    if (!s)
        return;
    pool_free(s->hashers);
    queue_free(s->queue);
    memo_free(s->verified);
    pg_free(s->database);
    sodium_memzero(s->secret, sizeof(s->secret));
    free(s);
}

static fallible make_dummy(char out[PASSWORD_HASH_TEXT])
{
    unsigned char bytes[32];
    char password[2 * sizeof(bytes) + 1];
    randombytes_buf(bytes, sizeof(bytes));
    sodium_bin2hex(password, sizeof(password), bytes, sizeof(bytes));
    return password_hash(password, out);
}

fallible accounts_start(const struct command_api *api, struct accounts **out)
{
    const struct settings *set = api->settings;
    char dummy[PASSWORD_HASH_TEXT];
    TRY(make_dummy(dummy));
    struct accounts *s = must_alloc(1, sizeof(*s));
    s->api = api;
    s->limit = (int)set->queue_max;
    s->followed = -1;
    memcpy(s->dummy, dummy, sizeof(dummy));
    randombytes_buf(s->secret, sizeof(s->secret));
    s->verified = memo_new(REMEMBERED_MAX, 0);
    s->queue = queue_new(s->limit);
    s->end = &s->todo;
    s->database = pg_new(set->database_url, "citywatch-accounts", accounts_session,
                         (int)set->database_timeout_ms);
    int threads = set->hash_threads ? (int)set->hash_threads : (int)sysconf(_SC_NPROCESSORS_ONLN);
    s->hashers = pool_new("hash", threads, (int)set->hash_queue_max,
                          &(struct pool_work){.begin = lend, .work = work, .context = s});
    ready_declare("accounts");
    if (pthread_create(&s->thread, NULL, thread_main, s)) {
        accounts_free(s);
        return NOT_STARTED;
    }
    *out = s;
    return NULL;
}

void accounts_stop(struct accounts *s)
{
    if (!s || atomic_exchange(&s->stopping, true))
        return;
    while (atomic_load(&s->inside)) /* each is bounded: deadline, pool, database */
        usleep(1000);
    queue_close(s->queue);
    pthread_join(s->thread, NULL);
}

/* firing.c -- see firing.h. A turn: what is due is read, each report's command is given to the
 * writer, and all are waited for. A report that something was done for is passed over until the
 * view shows it, and one that nothing can be done for, such as of a stream that nobody can read,
 * for some seconds. */
#include "sla-worker/firing.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/log.h"
#include "base/planted.h"
#include "base/time.h"
#include "platform/postgres/sessions.h"
#include "platform/process/metrics.h"
#include "platform/process/service.h"
#include "sla-worker/clock_catalog.h"
#include "sla-worker/clock_figures.h"
#include "sla-worker/clock_view.h"
#include "sla-worker/due_commands.h"
#include "view_engine/names.h"
#include "base/banned.h"

enum {
    TURN_MAX = 1000,      /* reports a turn: some 3 MB */
    PASSED_MAX = 20000,   /* reports that are passed over; past it they are waited for */
    IDLE_MS = 20,         /* between two looks */
    AWAY_MS = 500,        /* after a database was away, or another worker fires */
    STORE_CLOCK_MS = 500, /* how long a reading of the store's clock is believed */
    REFUSED_US = 5000000  /* how long a report is passed over that nothing can be done for */
};

static const char DEPENDENCY[] = "clocks";

struct passed_over {
    struct names reports;
    int count;
    int64_t until;
};

struct firing {
    const struct settings *settings;
    struct writer *writer;
    struct pg *views, *log;
    struct clock_catalog catalog;
    struct clock_figures figures;
    int64_t leader_on;          /* connection that holds the lock; 0: none */
    int64_t store_ahead;        /* us: the store's clock against our monotonic one */
    int64_t store_read_at;      /* monotonic: when that was read; 0: never */
    struct passed_over unshown; /* something was done for them; until a position of the view */
    struct passed_over refused; /* until a monotonic time */
    struct queue *done;
    atomic_bool stopping;
    pthread_t thread;
};

/* ---- clocks ---- */

static const struct pg_statement STORE_CLOCK = {
    "store_clock", "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"};

/* The answer's half-way is when it was read; an error of some ms is the append's to refuse. */
static fallible read_store_clock(struct firing *f)
{
    scoped_rows *rows = NULL;
    int64_t before = time_monotonic();
    if (f->store_read_at && before - f->store_read_at < STORE_CLOCK_MS * 1000)
        return NULL;
    TRY(pg_call_again(f->log, &STORE_CLOCK, 0, NULL, &rows));
    int64_t after = time_monotonic();
    f->store_ahead = rows_int(rows, 0, 0) - (before + (after - before) / 2);
    f->store_read_at = after;
    return NULL;
}

static int64_t store_now(const struct firing *f)
{
    return PLANTED(DUE_BY_THE_MACHINES_CLOCK) ? time_now() : time_monotonic() + f->store_ahead;
}

/* ---- the lock ---- */

static const struct pg_statement LOCK = {
    "clocks_lock", "SELECT pg_try_advisory_lock(hashtext('citywatch clocks'))"};

static fallible lead(struct firing *f, bool *leads)
{
    scoped_rows *rows = NULL;
    *leads = f->leader_on && f->leader_on == pg_generation(f->views);
    if (*leads)
        return NULL;
    TRY(pg_call(f->views, &LOCK, 0, NULL, &rows));
    *leads = text_equal(rows_text(rows, 0, 0), "t");
    f->leader_on = *leads ? pg_generation(f->views) : 0;
    if (*leads)
        log_info("this worker fires", KV("lock", "citywatch clocks"));
    return NULL;
}

/* ---- one turn ---- */

static const struct pg_statement SHOWN = {
    "clocks_shown", "SELECT l.position FROM engine.lane l JOIN engine.view v ON v.lane = l.name "
                    "WHERE v.name = 'sla' AND l.position >= l.serves_from"};
static const struct pg_statement DUE = {
    "clocks_due",
    "SELECT report_id, state FROM sla.report_clocks WHERE next_at <= timestamptz 'epoch' + "
    "$1::bigint * interval '1 microsecond' ORDER BY next_at LIMIT $2::int"};

static void pass_over(struct passed_over *p, const char *report, int64_t until)
{
    names_add(&p->reports, report);
    p->count++;
    if (until > p->until)
        p->until = until;
}

static void end_passing(struct passed_over *p, int64_t reached)
{
    if (reached < p->until)
        return;
    names_clear(&p->reports);
    *p = (struct passed_over){.count = 0};
}

/* *ready: there is a view that shows the log, and not too many reports are passed over. */
static fallible read_progress(struct firing *f, bool *ready)
{
    scoped_rows *rows = NULL;
    TRY(pg_call(f->views, &SHOWN, 0, NULL, &rows));
    *ready = rows_count(rows) > 0;
    if (*ready)
        end_passing(&f->unshown, rows_int(rows, 0, 0));
    end_passing(&f->refused, time_monotonic());
    *ready = *ready && f->unshown.count + f->refused.count <= PASSED_MAX - TURN_MAX;
    return NULL;
}

struct turn {
    struct due_command *at[TURN_MAX];
    int count;
};

static bool is_passed_over(const struct firing *f, const char *report)
{
    return names_has(&f->unshown.reports, report) || names_has(&f->refused.reports, report);
}

/* One that cannot be read does not hold up the others. */
static void add_due(struct firing *f, struct turn *t, const char *report, const char *state,
                    int64_t now)
{
    scoped_arena a = {0};
    struct ReportClocks r;
    if (is_passed_over(f, report))
        return;
    struct due_command *d = must_alloc(1, sizeof(*d));
    const struct problem *p = shape_read_stored(&ReportClocks_shape, state, &a, &r, NULL);
    if (!p && due_command_fill(d, &r, &f->catalog.now, now)) {
        d->done = f->done;
        t->at[t->count++] = d;
        return;
    }
    pass_over(&f->refused, report, time_monotonic() + REFUSED_US);
    due_command_release(d);
    free(d);
    if (p)
        log_error("what is kept of a report's clocks cannot be read: rebuild the view sla",
                  KV("report", report));
}

static fallible read_due(struct firing *f, struct turn *t)
{
    scoped_arena a = {0};
    scoped_rows *rows = NULL;
    int64_t now = store_now(f);
    const char *values[] = {arena_printf(&a, "%lld", (long long)now),
                            arena_printf(&a, "%d", TURN_MAX + f->unshown.count + f->refused.count)};
    TRY(pg_call(f->views, &DUE, 2, values, &rows));
    if (rows_count(rows))
        TRY(clock_catalog_load(&f->catalog, f->views, "sla"));
    for (int i = 0; i < rows_count(rows) && t->count < TURN_MAX; i++)
        add_due(f, t, rows_text(rows, i, 0), rows_text(rows, i, 1), now);
    return NULL;
}

/* What the writer does not take is due in the next turn, too. */
static void give(struct firing *f, struct turn *t)
{
    int given = 0;
    struct job *back;
    for (int i = 0; i < t->count; i++) {
        t->at[i]->problem = writer_put(f->writer, &t->at[i]->pending);
        given += !t->at[i]->problem;
    }
    while (given)
        given -= queue_take(f->done, &back, TURN_MAX, -1);
}

/* Too early, moved, too much to do, or the store away: the next turn asks again. */
static bool is_of_the_moment(const struct problem *p)
{
    return p == TOO_EARLY || p == CLOCK_MOVED || p == QUEUE_FULL || p == VERSION_CONFLICT ||
           p == STORE_UNAVAILABLE || p == SHUTTING_DOWN;
}

/* False if nothing was done. */
static bool count_done(struct firing *f, const struct due_command *d)
{
    if (d->problem) {
        metric_add(METRIC_sla_refused_total, d->problem->name, 1);
        if (!is_of_the_moment(d->problem))
            pass_over(&f->refused, d->report_id, time_monotonic() + REFUSED_US);
        return false;
    }
    clock_figures_count(&f->figures, d);
    pass_over(&f->unshown, d->report_id, d->position);
    return true;
}

static fallible turn(struct firing *f, bool *busy)
{
    struct turn t = {.count = 0};
    bool leads, ready;
    TRY(lead(f, &leads));
    ready_reason(DEPENDENCY, leads ? NULL : "another worker fires; this one waits for its end");
    TRY(read_progress(f, &ready));
    if (ready)
        TRY(clock_figures_show(&f->figures, f->views, DEPENDENCY));
    if (!leads)
        return NULL;
    TRY(read_store_clock(f));
    const struct problem *p = ready ? read_due(f, &t) : NULL;
    if (!p && t.count)
        give(f, &t);
    for (int i = 0; i < t.count; i++) {
        if (!p)
            *busy |= count_done(f, t.at[i]);
        due_command_release(t.at[i]);
        free(t.at[i]);
    }
    return p;
}

/* ---- the thread ---- */

static void nap(struct firing *f, int ms)
{
    for (; ms > 0 && !atomic_load(&f->stopping); ms -= IDLE_MS)
        nanosleep(&(struct timespec){.tv_nsec = IDLE_MS * 1000000L}, NULL);
}

static void *firing_main(void *arg)
{
    struct firing *f = arg;
    while (!atomic_load(&f->stopping)) {
        bool busy = false;
        const struct problem *p = turn(f, &busy);
        ready_report(DEPENDENCY, !p, -1);
        if (p)
            f->store_read_at = 0;
        if (p || !f->leader_on)
            nap(f, AWAY_MS);
        else if (!busy)
            nap(f, IDLE_MS);
    }
    return NULL;
}

struct firing *firing_new(const struct settings *settings, struct writer *writer)
{
    struct firing *f = must_alloc(1, sizeof(*f));
    f->settings = settings;
    f->writer = writer;
    f->views = pg_new(settings->read_database_url, "sla-worker firing", NULL,
                      (int)settings->database_timeout_ms);
    f->log = pg_new(settings->database_url, "sla-worker clock", NULL,
                    (int)settings->database_timeout_ms);
    f->done = queue_new(TURN_MAX);
    ready_declare(DEPENDENCY);
    if (pthread_create(&f->thread, NULL, firing_main, f))
        abort();
    return f;
}

void firing_stop(struct firing *f)
{
    if (!f || atomic_exchange(&f->stopping, true))
        return;
    pthread_join(f->thread, NULL);
}

void firing_free(struct firing *f)
{
    if (!f)
        return;
    firing_stop(f);
    clock_catalog_release(&f->catalog);
    pg_free(f->views);
    pg_free(f->log);
    queue_free(f->done);
    names_clear(&f->unshown.reports);
    names_clear(&f->refused.reports);
    free(f);
}

/* firing.c -- see firing.h. A turn: what is due is read from each source, each command is given to
 * the writer, and all are waited for. What something was done for is passed over until the view
 * shows it, and what nothing can be done for, such as a report of a stream that nobody can read,
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
#include "sla-worker/clock_figures.h"
#include "sla-worker/due_sources.h"
#include "sla-worker/plan_sweep.h"
#include "view_engine/names.h"
#include "base/banned.h"

enum {
    TURN_MAX = 1200,      /* commands a turn, of all sources: some 3 MB */
    PLANS_MAX = 250,      /* of these, reports that only go on by another plan */
    PASSED_MAX = 20000,   /* of a source, passed over; past it they are waited for */
    IDLE_MS = 20,         /* between two looks */
    AWAY_MS = 500,        /* after a database was away, or another worker fires */
    STORE_CLOCK_MS = 500, /* how long a reading of the store's clock is believed */
    REFUSED_US = 5000000  /* how long is passed over what nothing can be done for */
};

static const char DEPENDENCY[] = "clocks";

struct passed_over {
    struct names subjects;
    int count;
    int64_t until;
};

struct source_state {
    const struct due_source *source;
    int64_t shown;   /* position of the view */
    bool ready;      /* there is a view that shows the log, and not too much is passed over */
    int64_t read_at; /* monotonic: not before */
    struct passed_over unshown; /* something was done for them; until a position of the view */
    struct passed_over refused; /* until a monotonic time */
};

struct firing {
    const struct settings *settings;
    struct writer *writer;
    struct pg *log;
    struct due_reader reader;
    struct source_state sources[DUE_SOURCES];
    struct clock_figures figures;
    int64_t catalog_at; /* position of the view at which it was read */
    struct plan_sweep sweep;
    int64_t leader_on;     /* connection that holds the lock; 0: none */
    int64_t store_ahead;   /* us: the store's clock against our monotonic one */
    int64_t store_read_at; /* monotonic: when that was read; 0: never */
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
    *leads = f->leader_on && f->leader_on == pg_generation(f->reader.views);
    if (*leads)
        return NULL;
    TRY(pg_call(f->reader.views, &LOCK, 0, NULL, &rows));
    *leads = text_equal(rows_text(rows, 0, 0), "t");
    f->leader_on = *leads ? pg_generation(f->reader.views) : 0;
    if (*leads)
        log_info("this worker fires", KV("lock", "citywatch clocks"));
    return NULL;
}

/* ---- one turn ---- */

static const struct pg_statement SHOWN = {
    "clocks_shown",
    "SELECT v.name, l.position FROM engine.lane l JOIN engine.view v ON v.lane = l.name "
    "WHERE v.name = ANY ($1::text[]) AND l.position >= l.serves_from"};

static void pass_over(struct passed_over *p, const char *subject, int64_t until)
{
    names_add(&p->subjects, subject);
    p->count++;
    if (until > p->until)
        p->until = until;
}

static void end_passing(struct passed_over *p, int64_t reached)
{
    if (reached < p->until)
        return;
    names_clear(&p->subjects);
    *p = (struct passed_over){.count = 0};
}

static void follow_view(struct source_state *s, const struct rows *shown)
{
    bool there = false;
    s->shown = 0;
    for (int i = 0; i < rows_count(shown); i++)
        if (text_equal(rows_text(shown, i, 0), s->source->view)) {
            s->shown = rows_int(shown, i, 1);
            there = true;
        }
    if (there)
        end_passing(&s->unshown, s->shown);
    end_passing(&s->refused, time_monotonic());
    s->ready = there && s->unshown.count + s->refused.count <= PASSED_MAX - s->source->turn_max;
}

static fallible read_progress(struct firing *f)
{
    scoped_text views = {0};
    scoped_rows *shown = NULL;
    for (int i = 0; i < DUE_SOURCES; i++)
        pg_array_text(&views, f->sources[i].source->view);
    const char *values[] = {pg_array_end(&views)};
    TRY(pg_call(f->reader.views, &SHOWN, 1, values, &shown));
    for (int i = 0; i < DUE_SOURCES; i++)
        follow_view(&f->sources[i], shown);
    return NULL;
}

/* What was defined since. */
static fallible follow_catalog(struct firing *f, int64_t shown)
{
    if (f->catalog_at == shown)
        return NULL;
    TRY(clock_catalog_load(&f->reader.catalog, f->reader.views, OF_SHOWN_VIEW));
    f->catalog_at = shown;
    plan_sweep_begin(&f->sweep, &f->reader.catalog.now);
    return NULL;
}

struct due_item {
    struct due_command *command;
    struct source_state *of;
};

struct turn {
    struct due_item at[TURN_MAX];
    int count;
};

static bool is_passed_over(const struct source_state *s, const char *subject)
{
    return names_has(&s->unshown.subjects, subject) || names_has(&s->refused.subjects, subject);
}

/* One that cannot be read does not hold up the others. */
static fallible add_due(struct firing *f, struct source_state *s, struct turn *t,
                        const struct rows *rows, int row, int64_t now)
{
    bool is_due = false;
    const char *subject = rows_text(rows, row, 0);
    if (is_passed_over(s, subject))
        return NULL;
    struct due_command *d = must_alloc(1, sizeof(*d));
    const struct problem *p = s->source->fill(&f->reader, rows, row, now, d, &is_due);
    if (!p && is_due) {
        d->done = f->done;
        t->at[t->count++] = (struct due_item){d, s};
        return NULL;
    }
    due_command_release(d);
    free(d);
    if (p != DATABASE_UNAVAILABLE)
        pass_over(&s->refused, subject, time_monotonic() + REFUSED_US);
    return p == DATABASE_UNAVAILABLE ? p : NULL;
}

static fallible read_source(struct firing *f, struct source_state *s, struct turn *t)
{
    scoped_arena a = {0};
    scoped_rows *rows = NULL;
    int64_t now = store_now(f);
    int end = t->count + s->source->turn_max;
    if (time_monotonic() < s->read_at)
        return NULL;
    s->read_at = time_monotonic() + s->source->every_ms * INT64_C(1000);
    const char *values[] = {
        arena_printf(&a, "%lld", (long long)now),
        arena_printf(&a, "%d", s->source->turn_max + s->unshown.count + s->refused.count)};
    TRY(pg_call(f->reader.views, &s->source->due, 2, values, &rows));
    if (rows_count(rows) && s->source->begin)
        TRY(s->source->begin(&f->reader));
    for (int i = 0; i < rows_count(rows) && t->count < end; i++)
        TRY(add_due(f, s, t, rows, i, now));
    return NULL;
}

/* A query that the database refuses holds up nothing but what it would have found. */
static fallible read_or_rest(struct firing *f, struct source_state *s, struct turn *t)
{
    const struct problem *p = read_source(f, s, t);
    if (!p || p == DATABASE_UNAVAILABLE || s == &f->sources[DUE_CLOCKS])
        return p;
    log_error("what is due cannot be read", KV("view", s->source->view), KV("problem", p->name));
    s->read_at = time_monotonic() + REFUSED_US;
    return NULL;
}

static fallible read_due(struct firing *f, struct turn *t)
{
    for (int i = 0; i < DUE_SOURCES; i++)
        if (f->sources[i].ready)
            TRY(read_or_rest(f, &f->sources[i], t));
    return NULL;
}

/* Behind what is due: that must not wait for it. */
static fallible read_plans(struct firing *f, struct turn *t)
{
    scoped_rows *rows = NULL;
    struct source_state *s = &f->sources[DUE_CLOCKS];
    int64_t now = store_now(f);
    int limit = TURN_MAX - t->count < PLANS_MAX ? TURN_MAX - t->count : PLANS_MAX;
    if (!s->ready || limit <= 0)
        return NULL;
    TRY(plan_sweep_read(&f->sweep, f->reader.views, &f->reader.catalog.now, limit, &rows));
    for (int i = 0; rows && i < rows_count(rows); i++)
        TRY(add_due(f, s, t, rows, i, now));
    return NULL;
}

/* What the writer does not take is due in the next turn, too. */
static void give(struct firing *f, struct turn *t)
{
    int given = 0;
    struct job *back;
    for (int i = 0; i < t->count; i++) {
        struct due_command *d = t->at[i].command;
        d->problem = writer_put(f->writer, &d->pending);
        given += !d->problem;
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
static bool count_done(struct firing *f, const struct due_item *item)
{
    const struct due_command *d = item->command;
    if (d->problem) {
        metric_add(METRIC_sla_refused_total, d->problem->name, 1);
        if (!is_of_the_moment(d->problem))
            pass_over(&item->of->refused, d->subject, time_monotonic() + REFUSED_US);
        return false;
    }
    pass_over(&item->of->unshown, d->subject, d->position);
    if (d->pending.outcome == CHECKED)
        return false; /* it was so already, which the view will show */
    clock_figures_count(&f->figures, d);
    return true;
}

static fallible turn(struct firing *f, bool *busy)
{
    struct turn t = {.count = 0};
    bool leads;
    TRY(lead(f, &leads));
    ready_reason(DEPENDENCY, leads ? NULL : "another worker fires; this one waits for its end");
    TRY(read_progress(f));
    if (f->sources[DUE_CLOCKS].ready) {
        TRY(follow_catalog(f, f->sources[DUE_CLOCKS].shown));
        TRY(clock_figures_show(&f->figures, f->reader.views, DEPENDENCY));
    }
    if (!leads)
        return NULL;
    TRY(read_store_clock(f));
    const struct problem *p = read_due(f, &t);
    if (!p)
        p = read_plans(f, &t);
    if (!p && t.count)
        give(f, &t);
    for (int i = 0; i < t.count; i++) {
        if (!p)
            *busy |= count_done(f, &t.at[i]);
        due_command_release(t.at[i].command);
        free(t.at[i].command);
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
    f->reader.views = pg_new(settings->read_database_url, "sla-worker firing", NULL,
                             (int)settings->database_timeout_ms);
    f->reader.gatherer = gatherer_new(settings, "sla-worker lookups");
    f->log = pg_new(settings->database_url, "sla-worker clock", NULL,
                    (int)settings->database_timeout_ms);
    for (int i = 0; i < DUE_SOURCES; i++)
        f->sources[i].source = &due_sources[i];
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
    clock_catalog_release(&f->reader.catalog);
    gatherer_free(f->reader.gatherer);
    pg_free(f->reader.views);
    pg_free(f->log);
    queue_free(f->done);
    for (int i = 0; i < DUE_SOURCES; i++) {
        names_clear(&f->sources[i].unshown.subjects);
        names_clear(&f->sources[i].refused.subjects);
    }
    free(f);
}

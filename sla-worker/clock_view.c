/* clock_view.c -- see clock_view.h. A batch is one read of the reports it touches and one write. */
#include "sla-worker/clock_view.h"

#include "base/log.h"
#include "features/sla/applied.h"
#include "platform/identity/digest.h"
#include "sla-worker/clock_catalog.h"
#include "sla-worker/clock_counts.h"
#include "sla-worker/open_clocks.h"
#include "base/banned.h"

const char clock_view_tables[] = CLOCK_COUNTS_TABLE
    "CREATE TABLE report_clocks (report_id uuid PRIMARY KEY, state text NOT NULL, "
    "owner_agency text, category text, visibility text, status text, "
    "filed bigint NOT NULL, "     /* position of report.created */
    "shown_to text, "             /* in lists: ALL, or AGENCY alone; NULL: it is in none */
    "due_order bigint NOT NULL, " /* the order of lists, clock_view.h */
    "next_at timestamptz, "       /* when the worker has something to do; NULL: never */
    "due_at timestamptz, "        /* of resolve; NULL while it is paused or has ended */
    "remaining_us bigint, " /* of resolve as of last_at; negative: overdue; NULL: it has ended */
    "sla_status text, "     /* of resolve: running, paused, met, late, dropped; NULL: none */
    "level_name text, escalation_level int NOT NULL, " /* the highest that has fired; 0: none */
    "plans bigint, " /* what its open clocks run by; NULL: none is open */
    "last_at timestamptz) WITH (fillfactor = 80);"
    "CREATE INDEX report_clocks_next ON report_clocks (next_at) WHERE next_at IS NOT NULL;"
    "CREATE INDEX report_clocks_plans ON report_clocks (plans, report_id) WHERE plans IS NOT NULL;"
    "CREATE INDEX report_clocks_due ON report_clocks (owner_agency, due_order, filed);"
    "CREATE INDEX report_clocks_shown ON report_clocks "
    "(owner_agency, shown_to, escalation_level, due_order, filed) WHERE shown_to IS NOT "
    "NULL;" OPEN_CLOCKS_TABLE
    "CREATE TABLE policy_version (id text, version bigint, data json, PRIMARY KEY (id, version));"
    "CREATE TABLE calendar_version (id text, version bigint, data json, PRIMARY KEY (id, version))";

const char *const clock_view_types[] = {"report.created",
                                        "report.status.updated",
                                        "report.edited",
                                        "report.forwarded",
                                        "report.acknowledged",
                                        "report.assigned",
                                        "report.priority.changed",
                                        "report.question.asked",
                                        "report.question.answered",
                                        "report.commented",
                                        "report.merged",
                                        "report.unmerged",
                                        "report.escalated",
                                        "report.dispatch.updated",
                                        "case.noted",
                                        "case.held",
                                        "case.resumed",
                                        "sla.planned",
                                        "sla.repoliced",
                                        "policy.defined",
                                        "calendar.defined",
                                        NULL};

/* ---- the reports of a batch ---- */

struct touched {
    const char *report_id;
    bool is_filed; /* by this batch: no row can hold it */
    struct ReportClocks state;
    struct counted_clocks before, now; /* this batch */
};

struct clock_batch {
    struct pg *db;
    struct arena arena;
    struct clock_catalog *catalog;
    struct touched *reports;
    int count, size; /* size of `places`, a power of two */
    int *places;     /* index + 1 by hash; 0: free */
    struct clock_changes changes;
    struct open_clocks open;
};

static struct touched *report_of(struct clock_batch *w, const char *id)
{
    unsigned at = (unsigned)digest_on_text(0, id) & (unsigned)(w->size - 1);
    for (; w->places[at]; at = (at + 1) & (unsigned)(w->size - 1))
        if (text_equal(w->reports[w->places[at] - 1].report_id, id))
            return &w->reports[w->places[at] - 1];
    w->places[at] = ++w->count;
    w->reports[w->count - 1] = (struct touched){.report_id = id};
    return &w->reports[w->count - 1];
}

static struct clock_batch work_for(struct pg *db, struct clock_catalog *catalog, int events)
{
    struct clock_batch w = {.db = db, .catalog = catalog, .size = 16};
    while (w.size < 2 * events)
        w.size *= 2;
    w.places = arena_array(&w.arena, (size_t)w.size, sizeof(*w.places));
    w.reports = arena_array(&w.arena, (size_t)events + 1, sizeof(*w.reports));
    return w;
}

/* NULL: the event is of no report. */
static const char *report_named(struct clock_batch *w, const struct batch_event *e)
{
    const struct member *m = members_find(&e->members, "report_id");
    return m ? arena_bytes(&w->arena, m->text.at, m->text.length) : NULL;
}

static const struct pg_statement LOAD = {
    "clocks_load", "SELECT report_id, state FROM report_clocks WHERE report_id = ANY ($1::uuid[])"};

/* A row that this program cannot read is no event's fault: the batch is tried again, and it is said
 * why. */
static fallible read_state_of(struct clock_batch *w, const char *state, struct touched *t)
{
    struct fault f = {0};
    if (!shape_read_stored(&ReportClocks_shape, state, &w->arena, &t->state, &f))
        return NULL;
    log_error("what is kept of a report's clocks cannot be read: rebuild the view sla",
              KV("report", t->report_id), KV("member", f.field ? f.field : ""));
    return INTERNAL;
}

/* Versions of policies and calendars stay, so it counts now as it did when its row was written. */
static void count_before(struct clock_batch *w, struct touched *t)
{
    struct sla_clock *clocks;
    int count = report_clocks_fold(&t->state, &w->catalog->now, &w->arena, &clocks);
    count_clocks(&t->state, clocks, count, &t->before);
}

static fallible load(struct clock_batch *w)
{
    scoped_text ids = {0};
    scoped_rows *rows = NULL;
    for (int i = 0; i < w->count; i++)
        if (!w->reports[i].is_filed)
            pg_array_text(&ids, w->reports[i].report_id);
    if (!ids.length)
        return NULL;
    const char *values[] = {pg_array_end(&ids)};
    TRY(pg_call(w->db, &LOAD, 1, values, &rows));
    for (int i = 0; i < rows_count(rows); i++) {
        struct touched *t = report_of(w, rows_text(rows, i, 0));
        TRY(read_state_of(w, rows_text(rows, i, 1), t));
        count_before(w, t);
        open_clocks_add(&w->open, &t->state, -1);
    }
    return NULL;
}

/* ---- events ---- */

static enum clock_source source_of(const char *stream)
{
    if (text_starts(stream, "case-"))
        return FROM_CASE;
    return text_starts(stream, "sla-") ? FROM_SLA : FROM_REPORT;
}

static fallible apply_one(struct clock_batch *w, const struct batch_event *e)
{
    struct event event;
    int type;
    if (!event_type_from(e->type, &type))
        return UNREADABLE_EVENT;
    TRY(event_read(e->type, event_version(type), e->data, &w->arena, &event));
    if (type == PolicyDefined || type == CalendarDefined)
        return clock_catalog_add(w->catalog, w->db, &event, e->version, e->data);
    const char *id = report_named(w, e);
    if (!id)
        return UNREADABLE_EVENT;
    struct touched *t = report_of(w, id);
    const struct clock_fact fact = {source_of(e->stream), e->version, e->recorded, &event};
    if (!t->state.report_id && type != ReportCreated)
        return NULL; /* its report is parked */
    report_clocks_apply(&t->state, &w->catalog->now, &fact, &w->arena);
    if (type == ReportCreated)
        t->state.filed = e->position;
    return NULL;
}

/* ---- rows ---- */

enum {
    C_ID,
    C_STATE,
    C_AGENCY,
    C_CATEGORY,
    C_VISIBILITY,
    C_STATUS,
    C_FILED,
    C_SHOWN_TO,
    C_DUE_ORDER,
    C_NEXT,
    C_DUE,
    C_REMAINING,
    C_SLA_STATUS,
    C_LEVEL_NAME,
    C_LEVEL,
    C_LAST,
    C_PLANS,
    COLUMNS
};

#define INSERT_ROWS                                                                              \
    "INSERT INTO report_clocks AS r (report_id, state, owner_agency, category, visibility, "     \
    "status, "                                                                                   \
    "filed, shown_to, due_order, next_at, due_at, remaining_us, sla_status, level_name, "        \
    "escalation_level, last_at, plans) "                                                         \
    "SELECT id::uuid, state, agency, category, visibility, status, filed, shown_to, due_order, " \
    "next, due, remaining, sla_status, level_name, level, last, plans "                          \
    "FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], "       \
    "$7::bigint[], $8::text[], $9::bigint[], "                                                   \
    "$10::timestamptz[], $11::timestamptz[], $12::bigint[], $13::text[], $14::text[], "          \
    "$15::int[], $16::timestamptz[], $17::bigint[]) "                                            \
    "AS x (id, state, agency, category, visibility, status, filed, shown_to, due_order, next, "  \
    "due, "                                                                                      \
    "remaining, sla_status, level_name, level, last, plans)"
static const struct pg_statement ADD = {"clocks_add", INSERT_ROWS};
static const struct pg_statement STORE = {
    "clocks_store", INSERT_ROWS
    " ON CONFLICT (report_id) DO UPDATE SET (state, owner_agency, category, visibility, status, "
    "shown_to, due_order, next_at, due_at, remaining_us, sla_status, level_name, escalation_level, "
    "last_at, plans) = "
    "(excluded.state, excluded.owner_agency, excluded.category, excluded.visibility, "
    "excluded.status, excluded.shown_to, excluded.due_order, excluded.next_at, excluded.due_at, "
    "excluded.remaining_us, "
    "excluded.sla_status, excluded.level_name, excluded.escalation_level, excluded.last_at, "
    "excluded.plans)"};

static const enum column_kind kinds[COLUMNS] = {
    [C_ID] = COLUMN_TEXT,         [C_STATE] = COLUMN_TEXT,      [C_AGENCY] = COLUMN_TEXT,
    [C_CATEGORY] = COLUMN_TEXT,   [C_VISIBILITY] = COLUMN_TEXT, [C_STATUS] = COLUMN_TEXT,
    [C_FILED] = COLUMN_BIGINT,    [C_SHOWN_TO] = COLUMN_TEXT,   [C_DUE_ORDER] = COLUMN_BIGINT,
    [C_NEXT] = COLUMN_TIME,       [C_DUE] = COLUMN_TIME,        [C_REMAINING] = COLUMN_BIGINT,
    [C_SLA_STATUS] = COLUMN_TEXT, [C_LEVEL_NAME] = COLUMN_TEXT, [C_LEVEL] = COLUMN_INT,
    [C_LAST] = COLUMN_TIME,       [C_PLANS] = COLUMN_BIGINT};

static void add_moment(struct column *c, int64_t at)
{
    column_moment(c, at == NEVER ? 0 : at);
}

/* The highest level of any clock that has fired. */
static const struct sla_level *highest(const struct sla_clock *clocks, int count)
{
    const struct sla_level *best = NULL;
    for (int i = 0; i < count; i++)
        for (int l = 0; l < clocks[i].terms->level_count; l++) {
            const struct sla_level *level = &clocks[i].terms->levels[l];
            if (clock_has_fired(&clocks[i], level->name) && (!best || level->number > best->number))
                best = level;
        }
    return best;
}

static const char *status_of(const struct sla_clock *c)
{
    static const char *const ended[] = {"running", "met", "late", "dropped"};
    return !c ? NULL : !c->ended_at && c->paused ? "paused" : ended[c->ended_as];
}

static int64_t due_order(const struct ReportClocks *r, const struct sla_clock *resolve,
                         const struct clock_reading *now)
{
    if (!resolve || resolve->ended_at)
        return ENDED_ORDER - r->filed;
    if (resolve->paused)
        return PAUSED_ORDER + now->remaining_us;
    return now->due_at == NEVER ? NEVER_DUE_ORDER : now->due_at;
}

static void add_texts(struct column *c, const struct ReportClocks *r, struct text *state)
{
    column_string(&c[C_ID], r->report_id);
    column_text(&c[C_STATE], text_value(state), state->length);
    column_string(&c[C_AGENCY], r->owner_agency);
    column_string(&c[C_CATEGORY], r->category);
    column_string(&c[C_VISIBILITY], r->visibility);
    column_string(&c[C_STATUS], r->status);
}

static void add_plans(struct column *c, const struct ReportClocks *r)
{
    scoped_text plans = {0};
    append_open_plans(r, &plans);
    if (plans.length)
        column_int(c, (int64_t)digest_on_text(0, text_value(&plans)));
    else
        column_text(c, NULL, 0);
}

static void add_row(struct clock_batch *w, struct column *c, struct touched *t)
{
    const struct ReportClocks *r = &t->state;
    scoped_text state = {0};
    struct sla_clock *clocks;
    int count = report_clocks_fold(r, &w->catalog->now, &w->arena, &clocks);
    const struct sla_clock *resolve = clock_named(clocks, count, "resolve");
    const struct sla_level *level = highest(clocks, count);
    struct clock_reading now =
        resolve ? clock_read(resolve, r->last_at) : (struct clock_reading){.due_at = 0};
    open_clocks_add(&w->open, r, 1);
    shape_write(&ReportClocks_shape, r, &state);
    add_texts(c, r, &state);
    column_int(&c[C_FILED], r->filed);
    column_string(&c[C_SHOWN_TO], resolve ? clocks_shown_to(r) : NULL);
    column_int(&c[C_DUE_ORDER], due_order(r, resolve, &now));
    add_moment(&c[C_NEXT], report_clocks_next(r, clocks, count).at);
    add_moment(&c[C_DUE], now.due_at);
    if (resolve && !resolve->ended_at)
        column_int(&c[C_REMAINING], now.remaining_us);
    else
        column_text(&c[C_REMAINING], NULL, 0);
    column_string(&c[C_SLA_STATUS], status_of(resolve));
    column_string(&c[C_LEVEL_NAME], level ? level->name : NULL);
    column_int(&c[C_LEVEL], level ? level->number : 0);
    column_moment(&c[C_LAST], r->last_at);
    count_clocks(r, clocks, count, &t->now);
    clock_changes_add(&w->changes, &t->before, &t->now);
    add_plans(&c[C_PLANS], r);
}

/* New rows apart: what the database need not look for costs it a fifth less. */
static fallible store_rows(struct clock_batch *w, bool filed)
{
    struct column c[COLUMNS] = {0};
    struct pg_value values[COLUMNS];
    bool any = false;
    for (int i = 0; i < COLUMNS; i++)
        column_begin(&c[i], kinds[i]);
    for (int i = 0; i < w->count; i++)
        if (w->reports[i].state.report_id && w->reports[i].is_filed == filed) {
            add_row(w, c, &w->reports[i]);
            any = true;
        }
    for (int i = 0; i < COLUMNS; i++)
        values[i] = column_end(&c[i]);
    const struct problem *p =
        any ? pg_call_binary(w->db, filed ? &ADD : &STORE, COLUMNS, values, NULL) : NULL;
    for (int i = 0; i < COLUMNS; i++)
        column_release(&c[i]);
    return p;
}

static fallible store(struct clock_batch *w)
{
    clock_changes_begin(&w->changes, w->count, &w->arena);
    TRY(store_rows(w, true));
    return store_rows(w, false);
}

/* ---- the fold ---- */

static const char FILED[] = "report.created"; /* the first event of a report */

static fallible apply_all(struct clock_batch *w, const struct batch_event *const *events, int count)
{
    TRY(clock_catalog_load(w->catalog, w->db, OF_SEARCH_PATH));
    for (int i = 0; i < count; i++) {
        const char *id = report_named(w, events[i]);
        if (id)
            report_of(w, id)->is_filed |= text_equal(events[i]->type, FILED);
    }
    TRY(load(w));
    for (int i = 0; i < count; i++)
        TRY(apply_one(w, events[i]));
    TRY(store(w));
    TRY(open_clocks_store(&w->open, w->db));
    return clock_changes_store(&w->changes, w->db);
}

const struct problem *clock_view_apply(void *context, struct pg *db,
                                       const struct batch_event *const *events, int count)
{
    struct clock_batch w = work_for(db, context, count);
    const struct problem *p = apply_all(&w, events, count);
    arena_release(&w.arena);
    return p;
}

struct clock_catalog clock_view_catalog;

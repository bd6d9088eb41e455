/* plan_sweep.c -- see plan_sweep.h. */
#include "sla-worker/plan_sweep.h"

#include "base/time.h"
#include "features/sla/applied.h"
#include "base/banned.h"

enum { LOOKS_MAX = 50, REST_US = 500000 };

static const char BEFORE_ALL[] = "00000000-0000-0000-0000-000000000000";

static const struct pg_statement FIRST_OF_GROUP = {
    "clocks_group", "SELECT plans, state FROM sla.report_clocks WHERE plans > $1::bigint "
                    "ORDER BY plans, report_id LIMIT 1"};
static const struct pg_statement OF_GROUP = {
    "clocks_of_group", "SELECT report_id, state FROM sla.report_clocks WHERE plans = $1::bigint "
                       "AND report_id > $2::uuid ORDER BY report_id LIMIT $3::int"};

static void begin_round(struct plan_sweep *s)
{
    s->in_group = s->found = false;
    s->plans = INT64_MIN;
}

void plan_sweep_begin(struct plan_sweep *s, const struct sla_catalog *catalog)
{
    if (s->applied == catalog->applied)
        return;
    begin_round(s);
    s->applied = catalog->applied;
    s->runs = s->applied > 0;
    s->rests_until = 0;
}

/* One that cannot be read says nothing of the others of its group. */
static bool goes_on(const char *state, const struct sla_catalog *catalog)
{
    scoped_arena a = {0};
    struct ReportClocks r;
    struct applied_plan plan;
    return shape_read_stored(&ReportClocks_shape, state, &a, &r, NULL) ||
           report_clocks_applied(&r, catalog, &plan);
}

/* What was given out may have been refused, and clocks go on one at a time: the next round tells.
 */
static void end_round(struct plan_sweep *s)
{
    s->runs = s->found;
    s->rests_until = time_monotonic() + REST_US;
    begin_round(s);
}

static fallible next_group(struct plan_sweep *s, struct pg *views,
                           const struct sla_catalog *catalog)
{
    scoped_arena a = {0};
    scoped_rows *rows = NULL;
    const char *values[] = {arena_printf(&a, "%lld", (long long)s->plans)};
    TRY(pg_call(views, &FIRST_OF_GROUP, 1, values, &rows));
    if (!rows_count(rows)) {
        end_round(s);
        return NULL;
    }
    s->plans = rows_int(rows, 0, 0);
    s->in_group = goes_on(rows_text(rows, 0, 1), catalog);
    s->found |= s->in_group;
    snprintf(s->after, sizeof(s->after), "%s", BEFORE_ALL);
    return NULL;
}

static fallible more_of_group(struct plan_sweep *s, struct pg *views, int limit, struct rows **out)
{
    scoped_arena a = {0};
    const char *values[] = {arena_printf(&a, "%lld", (long long)s->plans), s->after,
                            arena_printf(&a, "%d", limit)};
    TRY(pg_call(views, &OF_GROUP, 3, values, out));
    int count = rows_count(*out);
    s->in_group = count == limit;
    if (count)
        snprintf(s->after, sizeof(s->after), "%s", rows_text(*out, count - 1, 0));
    return NULL;
}

fallible plan_sweep_read(struct plan_sweep *s, struct pg *views, const struct sla_catalog *catalog,
                         int limit, struct rows **out)
{
    *out = NULL;
    for (int looks = 0; s->runs && looks < LOOKS_MAX; looks++) {
        if (time_monotonic() < s->rests_until)
            return NULL;
        if (s->in_group)
            return more_of_group(s, views, limit, out);
        TRY(next_group(s, views, catalog));
    }
    return NULL;
}

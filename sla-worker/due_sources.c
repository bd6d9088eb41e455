/* due_sources.c -- see due_sources.h. What a dispatch asks for is read first: it is little, and a
 * person waits for it. */
#include "sla-worker/due_sources.h"

#include "base/log.h"
#include "sla-worker/dispatch_commands.h"
#include "sla-worker/position_commands.h"
#include "base/banned.h"

#define AT_US "timestamptz 'epoch' + $1::bigint * interval '1 microsecond'"

/* ---- dispatches ---- */

/* What cannot be looked up holds up nothing else. */
static fallible fill_of_dispatch(struct due_reader *r, const struct rows *rows, int row,
                                 int64_t now, struct due_command *out, bool *is_due)
{
    const char *id = rows_text(rows, row, 0);
    *is_due = dispatch_command_fill(out, id, rows_text(rows, row, 1), rows_int(rows, row, 2), now);
    const struct problem *p = *is_due ? gather(r->gatherer, &out->pending) : NULL;
    if (!p)
        return NULL;
    log_warning("no patrol can be looked up for a dispatch", KV("dispatch", id),
                KV("problem", p->name));
    return LOOKUP_AWAY;
}

/* ---- positions of patrols ---- */

static fallible fill_of_position(struct due_reader *r, const struct rows *rows, int row,
                                 int64_t now, struct due_command *out, bool *is_due)
{
    (void)r;
    *is_due = true;
    position_command_fill(out, rows_text(rows, row, 0), rows_int(rows, row, 1),
                          text_equal(rows_text(rows, row, 2), "t"), now);
    return NULL;
}

/* ---- clocks of reports ---- */

static fallible begin_clocks(struct due_reader *r)
{
    return clock_catalog_load(&r->catalog, r->views, OF_SHOWN_VIEW);
}

static fallible fill_of_report(struct due_reader *r, const struct rows *rows, int row, int64_t now,
                               struct due_command *out, bool *is_due)
{
    scoped_arena a = {0};
    struct ReportClocks clocks;
    const struct problem *p =
        shape_read_stored(&ReportClocks_shape, rows_text(rows, row, 1), &a, &clocks, NULL);
    *is_due = !p && due_command_fill(out, &clocks, &r->catalog.now, now);
    if (p)
        log_error("what is kept of a report's clocks cannot be read: rebuild the view sla",
                  KV("report", rows_text(rows, row, 0)));
    return p;
}

const struct due_source due_sources[DUE_SOURCES] = {
    [DUE_DISPATCHES] =
        {.view = "dispatch_due",
         .due = {"dispatches_due",
                 "SELECT dispatch_id, what, (extract(epoch FROM next_at) * 1000000)::bigint "
                 "FROM dispatch_due.dispatch_due WHERE next_at <= " AT_US
                 " ORDER BY next_at LIMIT $2::int"},
         .turn_max = 100,
         .fill = fill_of_dispatch},
    [DUE_POSITIONS] =
        {.view = "patrol_list",
         .due = {"positions_due",
                 "SELECT p.patrol_id, (extract(epoch FROM u.at) * 1000000)::bigint, p.lost_at IS "
                 "NULL FROM patrol_list.patrol_list p JOIN positions.unit_position u ON u.unit = "
                 "p.patrol_id, (SELECT " AT_US " - make_interval(secs => lost_seconds) AS begin "
                 "FROM positions.rules) lost "
                 "WHERE (p.lost_at IS NULL AND u.at < lost.begin AND p.status_at < lost.begin "
                 "       AND p.status NOT IN ('off_duty', 'out_of_service')) "
                 "   OR (p.lost_at IS NOT NULL AND u.at >= lost.begin) "
                 "ORDER BY u.at LIMIT $2::int"},
         .turn_max = 100,
         .every_ms = 1000,
         .fill = fill_of_position},
    [DUE_CLOCKS] = {.view = "sla",
                    .due = {"clocks_due",
                            "SELECT report_id, state FROM sla.report_clocks WHERE next_at <= " AT_US
                            " ORDER BY next_at LIMIT $2::int"},
                    .turn_max = 1000,
                    .begin = begin_clocks,
                    .fill = fill_of_report}};

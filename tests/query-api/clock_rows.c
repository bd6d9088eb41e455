/* clock_rows.c -- rows of the clocks of samples: fixture.h. */
#include "tests/query-api/fixture.h"

void add_clock(const struct sample_clock *c)
{
    bool runs = text_equal(c->standing, "running"), paused = text_equal(c->standing, "paused");
    views_sql(
        "INSERT INTO sla.report_clocks (report_id, state, owner_agency, category, visibility, "
        "status, filed, shown_to, due_order, due_at, remaining_us, sla_status, level_name, "
        "escalation_level) SELECT report_id, '', owner_agency, category, visibility, status, "
        "position, CASE WHEN visibility = 'PUBLIC' AND status <> 'WITHDRAWN' THEN 'ALL' ELSE "
        "'AGENCY' END, CASE '%s' WHEN 'running' THEN (extract(epoch FROM due) * 1000000)::bigint "
        "WHEN 'paused' THEN 4000000000000000000 + left_us ELSE 9000000000000000000 - position END, "
        "CASE WHEN %d = 1 THEN due END, CASE WHEN %d = 1 THEN left_us END, '%s', %s, %d "
        "FROM report_detail.report_detail CROSS JOIN LATERAL (SELECT %lld000000::bigint AS "
        "left_us, now() + %lld * interval '1 s' AS due) clock WHERE report_id = '%s'",
        c->standing, runs, runs || paused, c->standing, c->level ? "'due'" : "NULL", c->level,
        (long long)c->seconds, (long long)c->seconds, c->id);
}

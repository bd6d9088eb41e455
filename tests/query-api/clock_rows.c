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

#define AT_NOON "\"2026-01-02T12:00:00Z\""

void add_clock_states(bool held)
{
    views_sql("INSERT INTO sla.policy_version VALUES ('default', 1, '{\"policy_id\": \"default\", "
              "\"rank\": 0, \"resolve\": {\"seconds\": 3600, \"calendar\": \"always\", \"levels\": "
              "[]}, \"active\": true, \"defined_at\": " AT_NOON "}')");
    views_sql("INSERT INTO sla.calendar_version VALUES ('always', 1, '{\"calendar_id\": "
              "\"always\", \"zone\": \"UTC\", \"hours\": [], \"holidays\": [], \"zone_changes\": "
              "[], \"defined_at\": " AT_NOON "}')");
    views_sql("UPDATE sla.report_clocks SET state = json_build_object('report_id', report_id, "
              "'owner_agency', owner_agency, 'category', category, 'visibility', visibility, "
              "'priority', 'medium', 'status', status, 'report_version', 3, 'case_version', 1, "
              "'sla_version', 0, 'last_at', 1, 'held', %s, 'open_questions', 0, 'merged', false, "
              "'wants_plan', false, "
              "'policy', 'default', 'policy_version', 1, 'entries', '[{\"clock\": \"resolve\", "
              "\"step\": \"started\", \"at\": 1000000, \"policy\": \"default\", "
              "\"policy_version\": 1, \"calendar\": \"always\", \"calendar_version\": 1}%s]'"
              "::json)::text",
              held ? "true" : "false",
              held ? ", {\"clock\": \"resolve\", \"step\": \"paused\", \"at\": 2000000, "
                     "\"reasons\": 2}"
                   : "");
}

void send_to_all(const char *name)
{
    views_sql("INSERT INTO patrol_list.patrol_crew VALUES ('%s', '%s', now()); "
              "INSERT INTO dispatch_list.dispatch_list (dispatch_id, position, report_id, "
              "patrol_id, status) SELECT gen_random_uuid(), position, report_id, '%s', 'ACCEPTED' "
              "FROM report_detail.report_detail",
              user_id(name), sample_id(999), sample_id(999));
}

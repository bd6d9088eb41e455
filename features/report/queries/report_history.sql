-- report_history.sql -- what happened to one report, oldest first: notes and what author and agency said to
-- each other, and which patrols were sent, only for those who see all, escalations only for its agencies, who works on it only in GET /cases/{id}, and which other report it was merged
-- with only for those who may see that one.
-- $6 limit, $7 version of the last row seen
-- :with report_seen
SELECT json_build_object('data', coalesce(json_agg(CASE
            WHEN s.sees_all THEN (SELECT to_json(shown) FROM (
                SELECT h.version, h.type, h.old_status, h.new_status, h.note, engine.rfc3339(h.at) AS at,
                       h.facts - ARRAY['old_assignee_user_id', 'assignee_user_id'] - h.hidden AS facts) shown)
            ELSE (SELECT to_json(shown) FROM (
                SELECT h.version, h.type, h.old_status, h.new_status, engine.rfc3339(h.at) AS at,
                       h.facts - ARRAY['old_assignee_user_id', 'assignee_user_id', 'text'] - h.hidden AS facts) shown) END
            ORDER BY h.version) FILTER (WHERE h.version IS NOT NULL), '[]'))::text,
       (array_agg(h.version ORDER BY h.version))[$6::int] AS next_version,
-- :include report_read
  FROM report_seen s
  LEFT JOIN LATERAL (SELECT line.*, CASE WHEN type IN ('report.merged', 'report.unmerged') AND NOT EXISTS (
                         SELECT FROM report_detail.report_detail r CROSS JOIN LATERAL (SELECT
-- :fragment report_sight
                             AS sight) who
                          WHERE r.report_id <> s.report_id AND who.sight IS NOT NULL
                            AND r.report_id IN ((facts->>'merged_report_id')::uuid, (facts->>'into_report_id')::uuid))
                         THEN ARRAY['merged_report_id', 'into_report_id'] ELSE '{}' END AS hidden
                       FROM report_history.report_history line
                      WHERE line.report_id = s.report_id AND line.version > $7::bigint
                        AND (s.sees_all OR type <> ALL (ARRAY['report.question.asked', 'report.question.answered',
                                                              'report.commented', 'report.dispatch.updated']))
                        AND type <> 'report.assigned'
                        AND (s.works_it OR type <> 'report.escalated')
                      ORDER BY version LIMIT $6::int) h ON true
HAVING count(s.report_id) > 0

-- notification_reports.sql -- the escalations that one line of who asks stands for, newest first, as far as they see
-- all of the reports.
-- $1 limit; who asks: $2 user, $3 pseudonym, $4 role, $5 agency; $6 position of the last row seen; $7 id of the line,
-- also one that it had when there were fewer
WITH told AS (
    SELECT e.line FROM notification_list.notification_events e
      LEFT JOIN agency_list.agency_list of ON of.code = e.agency
     WHERE e.position = substring($7::text FROM '^e([1-9][0-9]{0,17})$')::bigint
       AND e.position > coalesce((SELECT begins FROM notification_list.notification_readers WHERE user_id = $2), 0)
       AND CASE WHEN e.audience = 'parent' THEN CASE WHEN $4 = 'ADMIN' THEN of.parent IS NULL ELSE of.parent = $5 END
                ELSE e.agency = $5 AND CASE e.audience WHEN 'agency' THEN true WHEN 'assignee' THEN e.user_id = $2
                                            WHEN 'officers' THEN $4 = 'OFFICER' ELSE $4 = 'SUPERVISOR' END END
)
SELECT json_build_object('data', coalesce(json_agg(json_build_object(
               'report_id', e.report_id, 'clock', e.clock, 'level', e.level, 'agency', e.agency,
               'at', engine.rfc3339(e.at)) ORDER BY e.position DESC) FILTER (WHERE e.position IS NOT NULL), '[]'))::text,
       (array_agg(e.position ORDER BY e.position DESC))[$1::int] AS next_position
  FROM told
  LEFT JOIN LATERAL (SELECT m.* FROM notification_list.notification_events m
                       JOIN report_detail.report_detail r USING (report_id)
                      CROSS JOIN LATERAL (SELECT
-- :fragment report_sight
                            AS sight) who
                      WHERE m.line = told.line AND m.position < $6::bigint AND who.sight = 'ALL'
                      ORDER BY m.position DESC LIMIT $1::int) e ON true
HAVING count(told.line) > 0

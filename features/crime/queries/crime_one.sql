-- crime_one.sql -- one public report of a crime. Who filed it is shown to who sees all of the report; withdrawn ones are
-- there for these alone.
-- :with report_seen
SELECT (SELECT to_json(shown) FROM (
            SELECT report_id AS id, version, content AS description, category,
                   CASE r.status WHEN 'RECEIVED' THEN 'new' WHEN 'REJECTED' THEN 'rejected'
                        WHEN 'RESOLVED' THEN 'resolved' WHEN 'CLOSED' THEN 'resolved'
                        WHEN 'WITHDRAWN' THEN 'withdrawn' ELSE 'assigned' END AS status,
                   location, CASE WHEN sees_all THEN reporter END AS reporter_id, sent.patrol_id,
                   engine.rfc3339(created_at) AS reported_at, engine.rfc3339(occurred_at) AS occurred_at,
                   engine.rfc3339(created_at) AS created_at, engine.rfc3339(last_status_at) AS updated_at) shown)::text,
       version,
-- :include report_read
  FROM report_seen r
  LEFT JOIN LATERAL (SELECT d.patrol_id FROM dispatch_list.dispatch_list d
                      WHERE d.report_id = r.report_id AND d.status IN ('OFFERED', 'ACCEPTED', 'ARRIVED')
                      ORDER BY d.position DESC LIMIT 1) sent ON true
 WHERE kind = 'crime' AND visibility = 'PUBLIC'

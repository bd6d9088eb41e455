-- crime_feed.sql -- public reports of crimes, newest first. Who filed one is shown with the item, to who may see it.
-- $1 limit; $2 position of the last row seen; $3 category, $4 status
-- :page
SELECT json_build_object('data', coalesce(json_agg(item.json ORDER BY page.position DESC), '[]'))::text,
       (array_agg(page.position ORDER BY page.position DESC))[$1::int] AS next_position
  FROM page
  JOIN report_list.report_list r USING (report_id)
  LEFT JOIN report_detail.report_detail d ON d.report_id = r.report_id
  LEFT JOIN LATERAL (SELECT d.patrol_id FROM dispatch_list.dispatch_list d
                      WHERE d.report_id = r.report_id AND d.status IN ('OFFERED', 'ACCEPTED', 'ARRIVED')
                      ORDER BY d.position DESC LIMIT 1) sent ON true
 CROSS JOIN LATERAL (SELECT to_json(shown) AS json FROM (
           SELECT r.report_id AS id, d.version, r.content AS description, r.category,
                  CASE r.status WHEN 'RECEIVED' THEN 'new' WHEN 'REJECTED' THEN 'rejected'
                       WHEN 'RESOLVED' THEN 'resolved' WHEN 'CLOSED' THEN 'resolved' ELSE 'assigned' END AS status,
                  r.location, NULL AS reporter_id, sent.patrol_id, engine.rfc3339(r.created_at) AS reported_at,
                  engine.rfc3339(r.occurred_at) AS occurred_at, engine.rfc3339(r.created_at) AS created_at,
                  engine.rfc3339(r.last_status_at) AS updated_at) shown) item

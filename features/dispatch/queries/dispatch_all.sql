-- dispatch_all.sql -- the dispatches, newest first.
-- who asks: $1 user, $2 role, $3 agency; $4 limit; $5 key of the last row seen; $6 status; $7 patrol; $8 report
-- :with dispatch_lines
, page AS (
    SELECT * FROM dispatch_lines
     WHERE position < $5::bigint AND ($6::text IS NULL OR status = $6) AND ($7::uuid IS NULL OR patrol_id = $7)
       AND ($8::uuid IS NULL OR report_id = $8)
     ORDER BY position DESC LIMIT $4::int
)
SELECT json_build_object('data', coalesce(json_agg(to_json(shown) ORDER BY d.position DESC), '[]'))::text,
       (array_agg(d.position ORDER BY d.position DESC))[$4::int] AS next_position
  FROM page d
 CROSS JOIN LATERAL (
-- :include dispatch_members
       ) shown

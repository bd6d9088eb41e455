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
           SELECT d.dispatch_id, d.version, d.report_id, d.patrol_id, d.agency, d.status, d.exclusive, d.attempt, d.reason,
                  d.ended_by, d.replaces, d.replaced_by, d.recommended, engine.rfc3339(d.due_at) AS due_at,
                  engine.rfc3339(d.answer_by) AS answer_by, engine.rfc3339(d.created_at) AS created_at,
                  engine.rfc3339(d.offered_at) AS offered_at, engine.rfc3339(d.accepted_at) AS accepted_at,
                  engine.rfc3339(d.arrived_at) AS arrived_at, engine.rfc3339(d.ended_at) AS ended_at,
                  engine.rfc3339(d.unfilled_at) AS unfilled_at) shown

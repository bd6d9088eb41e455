-- dispatch_queue.sql -- the open crimes to which no patrol is sent: urgent ones first, of these the oldest first.
-- $1 limit; $2, $3 keys of the last row seen; $4 agency that owns them; $5 changes each second
WITH page AS (
    SELECT * FROM dispatch_queue.dispatch_queue q
     WHERE kind = 'crime' AND status IN ('RECEIVED', 'ASSIGNED', 'IN_PROGRESS') AND merged_into IS NULL
       AND ($4::text IS NULL OR owner_agency = $4) AND $5::bigint IS NOT NULL
       AND (4 - priority_rank, position) > ($2::bigint, $3::bigint)
       AND NOT EXISTS (SELECT FROM dispatch_list.dispatch_list d
                        WHERE d.report_id = q.report_id AND d.status IN ('OFFERED', 'ACCEPTED', 'ARRIVED'))
     ORDER BY priority_rank DESC, position LIMIT $1::int
)
SELECT json_build_object('data', coalesce(json_agg(to_json(shown) ORDER BY p.priority_rank DESC, p.position), '[]'))::text,
       (array_agg(4 - p.priority_rank ORDER BY p.priority_rank DESC, p.position))[$1::int] AS next_rank,
       (array_agg(p.position ORDER BY p.priority_rank DESC, p.position))[$1::int] AS next_position
  FROM page p
 CROSS JOIN LATERAL (
           SELECT p.report_id, p.version, p.status, p.category, p.owner_agency, p.visibility,
                  (ARRAY['low', 'medium', 'high', 'urgent'])[p.priority_rank] AS priority, p.location,
                  engine.rfc3339(p.created_at) AS created_at,
                  greatest(0, extract(epoch FROM now() - p.created_at))::bigint AS waiting_seconds,
                  (SELECT coalesce(json_agg(json_build_object('dispatch_id', d.dispatch_id, 'patrol_id', d.patrol_id,
                                                              'due_at', engine.rfc3339(d.due_at)) ORDER BY d.due_at), '[]')
                     FROM dispatch_list.dispatch_list d
                    WHERE d.report_id = p.report_id AND d.status = 'RESERVED') AS reserved) shown

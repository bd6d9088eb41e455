-- dispatch_looked.sql -- how a query goes on that has said what is `wanted` (one row: report_id, place, skills,
-- within, exclusive): `looked`, the patrols whose last fixes are the nearest, and what speaks against each; NULL:
-- nothing. Who reads it stops where it has enough, at the 2000th patrol in any case.

, rules (farthest_m, detour, metres_a_second) AS (
    -- The way by road is longer than the straight one by `detour`, and driven at 40 km/h.
    VALUES (50000.0::float8, 1.3::float8, 40 / 3.6::float8)
)
, sent AS MATERIALIZED (
    SELECT patrol_id, dispatch_id FROM wanted JOIN dispatch_list.dispatch_list d USING (report_id)
     WHERE d.status IN ('RESERVED', 'OFFERED', 'ACCEPTED', 'ARRIVED')
)
, looked AS NOT MATERIALIZED (
    SELECT n.unit AS patrol_id, n.distance, p.call_sign, p.agency, p.skills, p.returned_at,
           coalesce(p.status, 'off_duty') AS status, coalesce(sent.dispatch_id, taken.dispatch_id) AS dispatch_id,
           round(n.distance)::bigint AS distance_m,
           greatest(0, extract(epoch FROM now() - n.at))::bigint AS fix_age_seconds,
           ceil(n.distance * detour / metres_a_second)::bigint AS estimated_seconds,
           CASE WHEN p.agency <> w.within THEN 'other_agency'
                WHEN sent.dispatch_id IS NOT NULL THEN 'sent_already'
                WHEN taken.dispatch_id IS NOT NULL THEN 'taken'
                WHEN (p.status IN ('available', 'returning')
                      OR (NOT w.exclusive AND p.status IN ('assigned', 'en_route', 'on_scene'))) IS NOT TRUE THEN 'not_available'
                WHEN NOT p.skills @> w.skills THEN 'skill_missing'
                WHEN p.lost_at IS NOT NULL OR n.at < now() - make_interval(secs => f.lost_seconds) THEN 'position_lost'
                WHEN n.at < now() - make_interval(secs => f.stale_seconds) THEN 'position_stale'
                WHEN n.distance > farthest_m THEN 'too_far' END AS reason
      FROM (SELECT unit, at, place <-> (SELECT place FROM wanted) AS distance FROM positions.unit_position
             WHERE (SELECT place FROM wanted) IS NOT NULL
             ORDER BY place <-> (SELECT place FROM wanted) LIMIT 2000) n
      JOIN patrol_list.patrol_list p ON p.patrol_id = n.unit AND p.position IS NOT NULL
     CROSS JOIN wanted w
     CROSS JOIN rules
     CROSS JOIN positions.rules f
      LEFT JOIN sent ON sent.patrol_id = n.unit
      LEFT JOIN LATERAL (SELECT d.dispatch_id FROM dispatch_list.dispatch_list d
                          WHERE d.patrol_id = n.unit AND d.status IN ('OFFERED', 'ACCEPTED', 'ARRIVED')
                            AND p.status IN ('assigned', 'en_route', 'on_scene') AND (w.exclusive OR d.exclusive)
                          LIMIT 1) taken ON true
)
-- The nearest that could be sent, best first: of those that take as many minutes the one that has rested longest.
, candidate AS MATERIALIZED (
    SELECT *, row_number() OVER (ORDER BY ceil(estimated_seconds / 60.0), returned_at NULLS FIRST, distance, patrol_id) AS place
      FROM (SELECT * FROM looked WHERE reason IS NULL ORDER BY distance LIMIT 20) nearest
)

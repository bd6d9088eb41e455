-- patrol_lines.sql -- every patrol as who asks may see it. Where it is is for its crew, dispatchers, supervisors of its
-- agency and admins. Included by the queries about patrols.
-- who asks: $1 user, $2 role, $3 agency; $4 changes each second
SELECT p.*, coalesce(p.status, 'off_duty') AS is_in, sees.crew AS sees_it,
       CASE WHEN coalesce(p.status, 'off_duty') IN ('available', 'returning') THEN 'available' ELSE 'busy' END AS availability,
       u.place, u.at AS fixed_at, u.latitude, u.longitude, u.accuracy_m, u.speed_mps, u.heading_deg,
       CASE WHEN u.at IS NULL THEN 'none'
            WHEN u.at < now() - rules.lost_seconds * interval '1 second' THEN 'lost'
            WHEN u.at < now() - rules.stale_seconds * interval '1 second' THEN 'stale' ELSE 'fresh' END AS fix_state
  FROM (SELECT patrol_id, version, position, call_sign, agency, skills, status, status_at
          FROM patrol_list.patrol_list WHERE position IS NOT NULL AND $4::bigint IS NOT NULL) p
 CROSS JOIN LATERAL (SELECT $2 IN ('DISPATCHER', 'ADMIN') OR ($2 = 'SUPERVISOR' AND p.agency = $3)
                            OR EXISTS (SELECT FROM patrol_list.patrol_crew c
                                        WHERE c.patrol_id = p.patrol_id AND c.user_id = $1) AS crew) sees
 CROSS JOIN positions.rules
  LEFT JOIN positions.unit_position u ON u.unit = p.patrol_id AND sees.crew

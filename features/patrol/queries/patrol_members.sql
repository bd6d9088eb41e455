-- patrol_members.sql -- what is shown of the row p of patrol_lines; who may not see where it is sees neither crew nor dispatches.
SELECT p.patrol_id, p.version, p.call_sign, p.agency, p.skills, p.is_in AS status, p.availability,
       engine.rfc3339(p.status_at) AS status_at,
       CASE WHEN p.sees_it THEN (SELECT coalesce(json_agg(c.user_id ORDER BY c.user_id), '[]')
                                   FROM patrol_list.patrol_crew c WHERE c.patrol_id = p.patrol_id) END AS crew,
       CASE WHEN p.sees_it THEN (SELECT coalesce(json_agg(json_build_object(
                                            'dispatch_id', d.dispatch_id, 'report_id', d.report_id,
                                            'status', d.status) ORDER BY d.position), '[]')
                                   FROM dispatch_list.dispatch_list d
                                  WHERE d.patrol_id = p.patrol_id
                                    AND d.status IN ('OFFERED', 'ACCEPTED', 'ARRIVED')) END AS dispatches,
       CASE WHEN p.sees_it THEN p.fix_state END AS position_state,
       CASE WHEN p.fixed_at IS NOT NULL THEN json_build_object(
                'latitude', p.latitude, 'longitude', p.longitude, 'accuracy_m', p.accuracy_m,
                'speed_mps', p.speed_mps, 'heading_deg', p.heading_deg,
                'recorded_at', engine.rfc3339(p.fixed_at),
                'age_seconds', greatest(0, extract(epoch FROM now() - p.fixed_at))::bigint) END AS location

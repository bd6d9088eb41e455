-- dispatch_recommendation.sql -- which patrols could be sent to a report, best first, and why the others near it are
-- not among them. $1 report; who asks: $2 user, $3 pseudonym, $4 role, $5 agency; $6 how many; $7 skills, words with
-- commas; $8 exclusive: true or false; $9 changes each second
-- :with report_seen
, wanted AS (
    SELECT report_id, location, ST_SetSRID(ST_MakePoint((location->>'longitude')::float8, (location->>'latitude')::float8), 4326)::geography AS place,
           to_jsonb(coalesce(regexp_split_to_array(nullif(trim($7::text), ''), '\s*,\s*'), '{}')) AS skills,
           nullif($5::text, '') AS within, $8::text IS DISTINCT FROM 'false' AS exclusive
      FROM report_seen WHERE $9::bigint IS NOT NULL
)
-- :include dispatch_looked
, near AS (
    SELECT * FROM looked ORDER BY distance LIMIT 50
)
-- Of the 200 that came on duty last those that never sent a fix: what has none is not near anything.
, on_duty AS MATERIALIZED (
    SELECT patrol_id, call_sign, agency, status FROM patrol_list.patrol_list
     WHERE status IN ('available', 'returning') AND position IS NOT NULL ORDER BY status_at DESC LIMIT 200
)
, excluded AS (
    SELECT patrol_id, call_sign, agency, status, reason, distance, distance_m, fix_age_seconds, dispatch_id
      FROM near WHERE reason IS NOT NULL
     UNION ALL
    SELECT patrol_id, call_sign, o.agency, o.status, 'no_fix', NULL, NULL, NULL, NULL
      FROM on_duty o CROSS JOIN wanted w
     WHERE (w.within IS NULL OR o.agency = w.within)
       AND NOT EXISTS (SELECT FROM positions.unit_position u WHERE u.unit = o.patrol_id)
)
SELECT json_build_object(
           'report_id', report_id, 'location', location,
           'data', (SELECT coalesce(json_agg(json_build_object(
                        'patrol_id', patrol_id, 'call_sign', call_sign, 'agency', agency, 'status', status,
                        'skills', skills, 'distance_m', distance_m, 'fix_age_seconds', fix_age_seconds,
                        'estimated_minutes', ceil(estimated_seconds / 60.0)::int,
                        'rested_seconds', extract(epoch FROM now() - returned_at)::bigint)
                        ORDER BY place), '[]') FROM candidate WHERE place <= $6::int),
           'shortfall', greatest(0, $6::int - (SELECT count(*) FROM candidate)),
           'exclusions', (SELECT coalesce(json_agg(json_build_object(
                        'patrol_id', patrol_id, 'call_sign', call_sign, 'agency', agency, 'status', status,
                        'reason', reason, 'distance_m', distance_m, 'fix_age_seconds', fix_age_seconds,
                        'dispatch_id', dispatch_id) ORDER BY distance, patrol_id), '[]') FROM excluded),
           'next', NULL)::text,
-- :include report_read
  FROM wanted

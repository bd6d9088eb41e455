-- dispatch_candidates.sql -- the patrols that could be sent to a report, for the rule of a dispatch that names none, as
-- the shape Candidates. $1 body of the command; who gives it: $2 role, $3 agency
WITH wanted AS (
    SELECT report_id, ST_SetSRID(ST_MakePoint((location->>'longitude')::float8, (location->>'latitude')::float8), 4326)::geography AS place,
           coalesce($1::jsonb->'skills', '[]') AS skills, CASE $2::text WHEN 'DISPATCHER' THEN nullif($3::text, '') END AS within,
           coalesce(($1::jsonb->>'exclusive')::boolean, true) AS exclusive
      FROM report_detail.report_detail WHERE report_id = ($1::jsonb->>'report_id')::uuid
)
-- :include dispatch_looked
-- :include dispatch_found

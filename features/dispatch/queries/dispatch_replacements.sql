-- dispatch_replacements.sql -- the same in place of a dispatch that was declined or not answered, held to what was
-- asked for then. $1 body of the command; nobody gives it: $2, $3
WITH wanted AS (
    SELECT report_id, ST_SetSRID(ST_MakePoint((location->>'longitude')::float8, (location->>'latitude')::float8), 4326)::geography AS place,
           coalesce(d.skills, '[]') AS skills, d.within, d.exclusive
      FROM dispatch_due.dispatch_due d JOIN report_detail.report_detail r USING (report_id)
     WHERE d.dispatch_id = ($1::jsonb->>'replaces')::uuid AND coalesce($2::text, $3::text, '') IS NOT NULL
)
-- :include dispatch_looked
-- :include dispatch_found

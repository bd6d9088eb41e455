-- report_similar_to.sql -- what may be the same as the report $1, for those who may see it.
-- Who asks: $2 user, $3 pseudonym, $4 role, $5 agency; $6 limit; $7 changes each second
-- :with report_seen
, wanted AS (
    SELECT report_id, content, category, (location->>'latitude')::float8 AS latitude,
           (location->>'longitude')::float8 AS longitude,
-- :include report_read
      FROM report_seen WHERE $7::bigint IS NOT NULL
)
-- :include report_similar_found

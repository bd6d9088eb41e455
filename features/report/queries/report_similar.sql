-- report_similar.sql -- what may be the same as a report that is about to be filed.
-- $1 content, $2 latitude, $3 longitude; who asks: $4 role, $5 agency; $6 limit; $7 category
-- $8 changes each second
WITH wanted AS (
    SELECT NULL::uuid AS report_id, $1::text AS content, $7::text AS category, $2::float8 AS latitude,
           $3::float8 AS longitude, NULL::text AS read_kind
     WHERE $8::bigint IS NOT NULL
)
-- :include report_similar_found

-- report_seen.sql -- the report $1 as far as who asks may see it: no row if not at all, and `sees_all` if more
-- than the fields that are shown to anyone. Included by the queries about one report.
-- $1 report; who asks: $2 user, $3 pseudonym, $4 role, $5 agency (all NULL without a token)
SELECT who.sight = 'ALL' AS sees_all, r.*
  FROM report_detail.report_detail r
 CROSS JOIN LATERAL (SELECT
-- :fragment report_sight
       AS sight) who
 WHERE r.report_id = $1::uuid AND r.position IS NOT NULL AND who.sight IS NOT NULL

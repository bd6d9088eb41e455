-- report_merges.sql -- the reports that are merged into the report $1 and the one that it is merged into, as far as
-- who asks may see them. Included by the queries about one report.
-- $1 report; who asks: $2 user, $3 pseudonym, $4 role, $5 agency (all NULL without a token)
SELECT r.report_id, r.merged_into
  FROM report_detail.report_detail r
 CROSS JOIN LATERAL (SELECT
-- :fragment report_sight
       AS sight) who
 WHERE who.sight IS NOT NULL AND r.position IS NOT NULL
   AND (r.merged_into = $1::uuid
        OR r.report_id = (SELECT one.merged_into FROM report_detail.report_detail one WHERE one.report_id = $1::uuid))

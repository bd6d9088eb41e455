-- report_seen.sql -- the report $1 as far as who asks may see it: no row if not at all, and `sees_all` if more
-- than the fields that are shown to anyone; `works_it`: what is internal to its agencies, too. Included by the queries about one report.
-- $1 report; who asks: $2 user, $3 pseudonym, $4 role, $5 agency (all NULL without a token)
SELECT who.sight = 'ALL' AS sees_all,
       $4 = 'ADMIN' OR ($4 IN ('OFFICER', 'SUPERVISOR')
                        AND ($5 = r.owner_agency OR r.former_agencies @> ARRAY[$5::text])) AS works_it, r.*
  FROM report_detail.report_detail r
 CROSS JOIN LATERAL (SELECT
-- :fragment report_sight
       AS sight) who
 WHERE r.report_id = $1::uuid AND r.position IS NOT NULL AND who.sight IS NOT NULL

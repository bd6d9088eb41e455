-- report_seen.sql -- the report $1 as far as who asks may see it: no row if not at all, and `sees_all` if more
-- than the fields that are shown to anyone. Included by the queries about one report.
-- $1 report; who asks: $2 user, $3 pseudonym, $4 role, $5 agency (all NULL without a token)
SELECT who.sees_all, r.*
  FROM report_detail.report_detail r
  LEFT JOIN category_list.category_list c ON c.code = r.category
 CROSS JOIN LATERAL (SELECT coalesce(
           r.reporter = $2 OR r.pseudonym = $3
           OR $4 = 'ADMIN'
           OR $4 IN ('OFFICER', 'SUPERVISOR') AND r.owner_agency = $5
           OR $4 = 'DISPATCHER' AND r.status <> 'WITHDRAWN'
              AND (r.visibility = 'PUBLIC' OR c.kind = 'crime'), false) AS sees_all) who
 WHERE r.report_id = $1::uuid AND r.position IS NOT NULL
   AND (who.sees_all OR r.visibility = 'PUBLIC' AND r.status <> 'WITHDRAWN')

-- report_read.sql -- what kind of read it is to be shown the report $1, for the record: NULL if anyone may see it, and if
-- its author reads it, whatever their role: no record leads from them to it. $2 user, $3 pseudonym. Behind what a query
-- about one report selects (query-api/query.h).
       (SELECT CASE read.visibility WHEN 'PRIVATE' THEN 'private_read' WHEN 'ANONYMOUS' THEN 'anonymous_read' END
          FROM report_detail.report_detail read
         WHERE read.report_id = $1::uuid
           AND NOT coalesce(read.reporter = $2, false) AND NOT coalesce(read.pseudonym = $3, false)) AS read_kind

-- case_merges.sql -- of the reports that are merged with the report $1, and those that its newest lines name, the ones
-- that the agency $4 (NULL: all) may see.
SELECT m.report_id, m.merged_into
  FROM report_detail.report_detail m
 WHERE (m.merged_into = $1::uuid
        OR m.report_id = (SELECT one.merged_into FROM report_detail.report_detail one WHERE one.report_id = $1::uuid)
        OR m.report_id = ANY (ARRAY(SELECT named.id::uuid FROM case_lines, LATERAL (
               VALUES (facts->>'merged_report_id'), (facts->>'into_report_id')) AS named (id)
                WHERE type IN ('report.merged', 'report.unmerged'))))
   AND m.report_id <> $1::uuid
   AND ($4::text IS NULL OR m.owner_agency = $4 OR m.former_agencies @> ARRAY[$4]
        OR (m.visibility = 'PUBLIC' AND m.status <> 'WITHDRAWN'))

-- crime_feed_filtered.sql -- a page of crimes of a category, a status or both. `crime_kind`: the pairs of category and
-- status that occur, found by one step in the index each, so few; a page is the best of the first rows of each.
WITH RECURSIVE crime_kind AS (
    (SELECT category, status FROM report_list.report_list
      WHERE kind = 'crime' AND visibility = 'PUBLIC' AND status <> 'WITHDRAWN' AND merged_into IS NULL AND ($3::text IS NULL OR category = $3)
      ORDER BY category, status LIMIT 1)
    UNION ALL
    SELECT next.* FROM crime_kind k CROSS JOIN LATERAL (
           (SELECT category, status FROM report_list.report_list
             WHERE kind = 'crime' AND visibility = 'PUBLIC' AND status <> 'WITHDRAWN' AND merged_into IS NULL AND category = k.category AND status > k.status
             ORDER BY status LIMIT 1)
           UNION ALL
           (SELECT category, status FROM report_list.report_list
             WHERE kind = 'crime' AND visibility = 'PUBLIC' AND status <> 'WITHDRAWN' AND merged_into IS NULL AND $3::text IS NULL AND category > k.category
             ORDER BY category, status LIMIT 1)
           ORDER BY category, status LIMIT 1) next
)
SELECT row.* FROM crime_kind k CROSS JOIN LATERAL (
       SELECT report_id, position FROM report_list.report_list
        WHERE category = k.category AND status = k.status
          AND kind = 'crime' AND visibility = 'PUBLIC' AND status <> 'WITHDRAWN' AND merged_into IS NULL AND position < $2::bigint
        ORDER BY position DESC LIMIT $1::int) row
 WHERE $4::text IS NULL
    OR k.status = ANY (CASE $4 WHEN 'new' THEN ARRAY['RECEIVED'] WHEN 'rejected' THEN ARRAY['REJECTED']
                               WHEN 'resolved' THEN ARRAY['RESOLVED', 'CLOSED'] ELSE ARRAY['ASSIGNED', 'IN_PROGRESS'] END)
 ORDER BY position DESC LIMIT $1::int

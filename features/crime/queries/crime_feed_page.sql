-- crime_feed_page.sql -- a page of crimes without filters.
SELECT report_id, position
  FROM report_list.report_list
 WHERE $3::text IS NULL AND $4::text IS NULL
   AND kind = 'crime' AND visibility = 'PUBLIC' AND status <> 'WITHDRAWN' AND merged_into IS NULL AND position < $2::bigint
 ORDER BY position DESC LIMIT $1::int

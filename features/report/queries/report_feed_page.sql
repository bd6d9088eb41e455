-- report_feed_page.sql -- a page of the feed without filters.
-- A branch whose $6 is not as it wants costs nothing: the plan is made for the values at hand.
(SELECT report_id, position, 0::bigint AS votes
  FROM report_list.report_list
 WHERE $4::text IS NULL AND $5::text IS NULL AND $6 = 'newest'
   AND visibility = 'PUBLIC' AND status <> 'WITHDRAWN' AND merged_into IS NULL AND position < $3::bigint
 ORDER BY position DESC LIMIT $1::int)
UNION ALL
(SELECT report_id, position, vote_count
  FROM report_rank.report_rank
 WHERE $6 = 'votes' AND status <> 'WITHDRAWN' AND merged_into IS NULL AND position IS NOT NULL
   AND (vote_count, position) < ($2::bigint, $3::bigint)
 ORDER BY vote_count DESC, position DESC LIMIT $1::int)

-- report_feed_filtered.sql -- a page of the feed of a category, a status or both.
-- `…_kind`: the pairs of category and status that occur, found by one step in the index each, so few. A
-- page is the best of the first rows of each. A branch whose $6 is not as it wants costs nothing: the plan
-- is made for the values at hand.
WITH RECURSIVE newest_kind AS (
    (SELECT category, status FROM report_list.report_list
      WHERE visibility = 'PUBLIC' AND status <> 'WITHDRAWN' AND merged_into IS NULL AND ($4::text IS NULL OR category = $4)
      ORDER BY category, status LIMIT 1)
    UNION ALL
    SELECT next.* FROM newest_kind k CROSS JOIN LATERAL (
           (SELECT category, status FROM report_list.report_list
             WHERE visibility = 'PUBLIC' AND status <> 'WITHDRAWN' AND merged_into IS NULL AND category = k.category AND status > k.status
             ORDER BY status LIMIT 1)
           UNION ALL
           (SELECT category, status FROM report_list.report_list
             WHERE visibility = 'PUBLIC' AND status <> 'WITHDRAWN' AND merged_into IS NULL AND $4::text IS NULL AND category > k.category
             ORDER BY category, status LIMIT 1)
           ORDER BY category, status LIMIT 1) next
), voted_kind AS (
    (SELECT category, status FROM report_rank.report_rank
      WHERE position IS NOT NULL AND status <> 'WITHDRAWN' AND merged_into IS NULL AND ($4::text IS NULL OR category = $4)
      ORDER BY category, status LIMIT 1)
    UNION ALL
    SELECT next.* FROM voted_kind k CROSS JOIN LATERAL (
           (SELECT category, status FROM report_rank.report_rank
             WHERE position IS NOT NULL AND status <> 'WITHDRAWN' AND merged_into IS NULL AND category = k.category AND status > k.status
             ORDER BY status LIMIT 1)
           UNION ALL
           (SELECT category, status FROM report_rank.report_rank
             WHERE position IS NOT NULL AND status <> 'WITHDRAWN' AND merged_into IS NULL AND $4::text IS NULL AND category > k.category
             ORDER BY category, status LIMIT 1)
           ORDER BY category, status LIMIT 1) next
)
(SELECT row.* FROM newest_kind k CROSS JOIN LATERAL (
        SELECT report_id, position, 0::bigint AS votes FROM report_list.report_list
         WHERE category = k.category AND status = k.status
           AND visibility = 'PUBLIC' AND status <> 'WITHDRAWN' AND merged_into IS NULL AND position < $3::bigint
         ORDER BY position DESC LIMIT $1::int) row
  WHERE $6 = 'newest' AND ($5::text IS NULL OR k.status = $5)
  ORDER BY position DESC LIMIT $1::int)
UNION ALL
(SELECT row.* FROM voted_kind k CROSS JOIN LATERAL (
        SELECT report_id, position, vote_count AS votes FROM report_rank.report_rank
         WHERE category = k.category AND status = k.status
           AND status <> 'WITHDRAWN' AND merged_into IS NULL AND position IS NOT NULL
           AND (vote_count, position) < ($2::bigint, $3::bigint)
         ORDER BY vote_count DESC, position DESC LIMIT $1::int) row
  WHERE $6 = 'votes' AND ($5::text IS NULL OR k.status = $5)
  ORDER BY votes DESC, position DESC LIMIT $1::int)

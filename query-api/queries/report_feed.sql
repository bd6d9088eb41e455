-- report_feed.sql -- public reports, newest or most voted first.
-- $1 limit; $2 votes and $3 position of the last row seen; $4 category, $5 status, $6 sort
-- `…_kind`: the pairs of category and status that occur, found by one step in the index each, so few. A
-- filtered page is the best of the first rows of each. A branch whose $ are not as it wants costs nothing:
-- the plan is made for the values at hand.
WITH RECURSIVE newest_kind AS (
    (SELECT category, status FROM report_list.report_list
      WHERE visibility = 'PUBLIC' AND status <> 'WITHDRAWN' AND ($4::text IS NULL OR category = $4)
      ORDER BY category, status LIMIT 1)
    UNION ALL
    SELECT next.* FROM newest_kind k CROSS JOIN LATERAL (
           (SELECT category, status FROM report_list.report_list
             WHERE visibility = 'PUBLIC' AND status <> 'WITHDRAWN' AND category = k.category AND status > k.status
             ORDER BY status LIMIT 1)
           UNION ALL
           (SELECT category, status FROM report_list.report_list
             WHERE visibility = 'PUBLIC' AND status <> 'WITHDRAWN' AND $4::text IS NULL AND category > k.category
             ORDER BY category, status LIMIT 1)
           ORDER BY category, status LIMIT 1) next
), voted_kind AS (
    (SELECT category, status FROM report_rank.report_rank
      WHERE position IS NOT NULL AND status <> 'WITHDRAWN' AND ($4::text IS NULL OR category = $4)
      ORDER BY category, status LIMIT 1)
    UNION ALL
    SELECT next.* FROM voted_kind k CROSS JOIN LATERAL (
           (SELECT category, status FROM report_rank.report_rank
             WHERE position IS NOT NULL AND status <> 'WITHDRAWN' AND category = k.category AND status > k.status
             ORDER BY status LIMIT 1)
           UNION ALL
           (SELECT category, status FROM report_rank.report_rank
             WHERE position IS NOT NULL AND status <> 'WITHDRAWN' AND $4::text IS NULL AND category > k.category
             ORDER BY category, status LIMIT 1)
           ORDER BY category, status LIMIT 1) next
), page AS (
    (SELECT report_id, position, 0::bigint AS votes
       FROM report_list.report_list
      WHERE $6 = 'newest' AND $4::text IS NULL AND $5::text IS NULL
        AND visibility = 'PUBLIC' AND status <> 'WITHDRAWN' AND position < $3::bigint
      ORDER BY position DESC LIMIT $1::int)
    UNION ALL
    (SELECT row.* FROM newest_kind k CROSS JOIN LATERAL (
            SELECT report_id, position, 0::bigint AS votes FROM report_list.report_list
             WHERE category = k.category AND status = k.status
               AND visibility = 'PUBLIC' AND status <> 'WITHDRAWN' AND position < $3::bigint
             ORDER BY position DESC LIMIT $1::int) row
      WHERE $6 = 'newest' AND ($4::text IS NOT NULL OR $5::text IS NOT NULL)
        AND ($5::text IS NULL OR k.status = $5)
      ORDER BY position DESC LIMIT $1::int)
    UNION ALL
    (SELECT report_id, position, coalesce(votes, 0)
       FROM report_rank.report_rank
      WHERE $6 = 'votes' AND $4::text IS NULL AND $5::text IS NULL
        AND status <> 'WITHDRAWN' AND position IS NOT NULL
        AND (coalesce(votes, 0), position) < ($2::bigint, $3::bigint)
      ORDER BY coalesce(votes, 0) DESC, position DESC LIMIT $1::int)
    UNION ALL
    (SELECT row.* FROM voted_kind k CROSS JOIN LATERAL (
            SELECT report_id, position, coalesce(votes, 0) AS votes FROM report_rank.report_rank
             WHERE category = k.category AND status = k.status
               AND status <> 'WITHDRAWN' AND position IS NOT NULL
               AND (coalesce(votes, 0), position) < ($2::bigint, $3::bigint)
             ORDER BY coalesce(votes, 0) DESC, position DESC LIMIT $1::int) row
      WHERE $6 = 'votes' AND ($4::text IS NOT NULL OR $5::text IS NOT NULL)
        AND ($5::text IS NULL OR k.status = $5)
      ORDER BY votes DESC, position DESC LIMIT $1::int)
)
SELECT json_build_object('data', coalesce(json_agg(item.json ORDER BY page.votes DESC, page.position DESC), '[]'))::text,
       (array_agg(page.votes ORDER BY page.votes DESC, page.position DESC))[$1::int] AS next_votes,
       (array_agg(page.position ORDER BY page.votes DESC, page.position DESC))[$1::int] AS next_position
  FROM page
  JOIN report_list.report_list r USING (report_id)
  LEFT JOIN report_list.report_votes v USING (report_id)
 CROSS JOIN LATERAL (SELECT to_json(shown) AS json FROM (
           SELECT r.report_id, r.category, r.content, engine.rfc3339(r.created_at) AS created_at,
                  coalesce(v.votes, 0) AS vote_count, r.status AS current_status, r.location,
                  engine.rfc3339(r.occurred_at) AS occurred_at) shown) item

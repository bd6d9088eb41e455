-- report_feed.sql -- public reports, newest or most voted first.
-- $1 limit; $2 votes and $3 position of the last row seen; $4 category, $5 status, $6 sort
-- Only one of the two branches is ever planned: the plan is made for the values at hand.
WITH page AS (
    (SELECT report_id, position, 0::bigint AS votes
       FROM report_list.report_list
      WHERE $6 = 'newest' AND visibility = 'PUBLIC' AND status <> 'WITHDRAWN' AND position < $3::bigint
        AND ($4::text IS NULL OR category = $4) AND ($5::text IS NULL OR status = $5)
      ORDER BY position DESC LIMIT $1::int)
    UNION ALL
    (SELECT report_id, position, coalesce(votes, 0)
       FROM report_rank.report_rank
      WHERE $6 = 'votes' AND status <> 'WITHDRAWN' AND position IS NOT NULL
        AND (coalesce(votes, 0), position) < ($2::bigint, $3::bigint)
        AND ($4::text IS NULL OR category = $4) AND ($5::text IS NULL OR status = $5)
      ORDER BY coalesce(votes, 0) DESC, position DESC LIMIT $1::int)
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

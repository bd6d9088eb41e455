-- report_feed.sql -- public reports, newest or most voted first.
-- $1 limit; $2 votes and $3 position of the last row seen; $4 category, $5 status, $6 sort
-- :page
SELECT json_build_object('data', coalesce(json_agg(item.json ORDER BY page.votes DESC, page.position DESC), '[]'))::text,
       (array_agg(page.votes ORDER BY page.votes DESC, page.position DESC))[$1::int] AS next_votes,
       (array_agg(page.position ORDER BY page.votes DESC, page.position DESC))[$1::int] AS next_position
  FROM page
  JOIN report_list.report_list r USING (report_id)
  LEFT JOIN report_rank.report_rank v ON v.report_id = r.report_id AND v.vote_count <> 0
  LEFT JOIN report_follow.report_followers f ON f.report_id = r.report_id
 CROSS JOIN LATERAL (SELECT to_json(shown) AS json FROM (
           SELECT r.report_id, r.category, r.content, engine.rfc3339(r.created_at) AS created_at,
                  coalesce(v.vote_count, 0) AS vote_count,
                  coalesce(f.follower_count, 0) AS follower_count, r.status AS current_status, r.location,
                  engine.rfc3339(r.occurred_at) AS occurred_at) shown) item

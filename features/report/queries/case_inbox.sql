-- case_inbox.sql -- the cases of an agency, newest first, and how many there are in each status.
-- $1 limit; $2 position of the last row seen; $3 agency (NULL: all), $4 status, $5 category
-- :page
, counts AS (
    SELECT status, sum(cases)::bigint AS cases FROM case_counts.case_counts
     WHERE ($3::text IS NULL OR owner_agency = $3) AND ($5::text IS NULL OR category = $5)
     GROUP BY status HAVING sum(cases) > 0
)
SELECT json_build_object(
           'agency', $3::text,
           'data', coalesce(json_agg(item.json ORDER BY page.position DESC), '[]'),
           'counts', coalesce((SELECT json_object_agg(status, cases) FROM counts), '{}'))::text,
       (array_agg(page.position ORDER BY page.position DESC))[$1::int] AS next_position
  FROM page
  LEFT JOIN report_follow.report_followers f USING (report_id)
 CROSS JOIN LATERAL (SELECT to_json(shown) AS json FROM (
           SELECT page.report_id, page.version, page.visibility, page.category, page.content,
                  engine.rfc3339(page.created_at) AS created_at, page.status,
                  engine.rfc3339(page.updated_at) AS updated_at, page.owner_agency,
-- :fragment report_priority
                      AS priority,
                  page.assignee AS assignee_user_id, engine.rfc3339(page.acknowledged_at) AS acknowledged_at,
                  page.questions_open,
                  CASE page.visibility WHEN 'ANONYMOUS' THEN '[ANONYMOUS]' ELSE page.reporter END
                      AS reporter_user_id,
                  coalesce(page.votes, 0) + page.merged_votes AS vote_count, coalesce(f.follower_count, 0) AS follower_count, page.location,
                  engine.rfc3339(page.occurred_at) AS occurred_at) shown) item

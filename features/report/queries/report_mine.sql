-- report_mine.sql -- the reports of who asks: first those that wait for an answer of theirs, then newest first;
-- anonymous ones are found by the pseudonym.
-- $1 limit; $2 whether it waits, $3 position of the last row seen; $4 user, $5 pseudonym
WITH page AS (
    (SELECT report_id, least(coalesce(questions_open, 0), 1) AS waits, position FROM report_list.report_list
      WHERE reporter = $4 AND (least(coalesce(questions_open, 0), 1), position) < ($2::bigint, $3::bigint)
      ORDER BY least(coalesce(questions_open, 0), 1) DESC, position DESC LIMIT $1::int)
    UNION ALL
    (SELECT report_id, least(coalesce(questions_open, 0), 1) AS waits, position FROM report_list.report_list
      WHERE pseudonym = $5 AND (least(coalesce(questions_open, 0), 1), position) < ($2::bigint, $3::bigint)
      ORDER BY least(coalesce(questions_open, 0), 1) DESC, position DESC LIMIT $1::int)
    ORDER BY waits DESC, position DESC LIMIT $1::int
)
SELECT json_build_object('data', coalesce(json_agg(item.json ORDER BY page.waits DESC, page.position DESC), '[]'))::text,
       (array_agg(page.waits ORDER BY page.waits DESC, page.position DESC))[$1::int] AS next_waits,
       (array_agg(page.position ORDER BY page.waits DESC, page.position DESC))[$1::int] AS next_position
  FROM page
  JOIN report_list.report_list r USING (report_id)
  LEFT JOIN report_detail.report_detail d ON d.report_id = r.report_id
  LEFT JOIN report_rank.report_rank v ON v.report_id = r.report_id AND v.vote_count <> 0
 CROSS JOIN LATERAL (SELECT to_json(shown) AS json FROM (
           SELECT r.report_id, d.version, r.visibility, r.category, r.content,
                  engine.rfc3339(r.created_at) AS created_at, r.status AS current_status,
                  engine.rfc3339(r.last_status_at) AS last_status_at,
                  coalesce(v.vote_count, 0) AS vote_count, r.questions_open, r.location,
                  engine.rfc3339(r.occurred_at) AS occurred_at,
                  (SELECT m.report_id FROM report_list.report_list m WHERE m.report_id = r.merged_into
                      AND (m.reporter = $4 OR m.pseudonym = $5
                           OR (m.visibility = 'PUBLIC' AND m.status <> 'WITHDRAWN'))) AS merged_into) shown) item

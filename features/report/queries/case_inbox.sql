-- case_inbox.sql -- the cases of an agency, and how many there are in each status.
-- $1 limit; $2, $3 keys of the last row seen; $4 agency (NULL: all), $5 status, $6 category; $7 sort; $8 assignee, a
-- user or none; $9 priority; $10 waiting, $11 forwarded: true or false; $12 text; $13 on hold; $14 overdue; $15 changes
-- each second. All sorts descend by both keys. The form without filters waits for the cases alone: it shows the
-- clocks as they stand, at most a second ago.
-- Of the page's rows one may have no report: where the page after it begins if it is not full, and what was counted.
-- :page
, counts AS (
    SELECT status, sum(cases)::bigint AS cases FROM case_counts.case_counts
     WHERE ($4::text IS NULL OR owner_agency = $4) AND ($6::text IS NULL OR category = $6)
     GROUP BY status HAVING sum(cases) > 0
)
SELECT json_build_object(
           'agency', $4::text,
           'data', coalesce(json_agg(item.json ORDER BY key1 DESC, key2 DESC) FILTER (WHERE report_id IS NOT NULL), '[]'),
           'counts', coalesce((array_agg(page.counts) FILTER (WHERE page.counts IS NOT NULL))[1],
                              (SELECT json_object_agg(status, cases) FROM counts), '{}'))::text,
       coalesce((array_agg(key1 ORDER BY key1 DESC, key2 DESC) FILTER (WHERE report_id IS NOT NULL))[$1::int],
                max(key1) FILTER (WHERE report_id IS NULL)) AS next_key1,
       coalesce((array_agg(key2 ORDER BY key1 DESC, key2 DESC) FILTER (WHERE report_id IS NOT NULL))[$1::int],
                max(key2) FILTER (WHERE report_id IS NULL)) AS next_key2
  FROM page
  LEFT JOIN case_inbox.case_inbox c USING (report_id)
  LEFT JOIN report_follow.report_followers f USING (report_id)
  LEFT JOIN (SELECT report_id, due_at, remaining_us, sla_status, escalation_level
               FROM sla.report_clocks WHERE $15::bigint IS NOT NULL) k USING (report_id)
  LEFT JOIN case_file.case_holds h USING (report_id)
 CROSS JOIN LATERAL (SELECT to_json(shown) AS json FROM (
           SELECT report_id, c.version, c.visibility, c.category, c.content,
                  engine.rfc3339(c.created_at) AS created_at, c.status,
                  engine.rfc3339(c.updated_at) AS updated_at, c.owner_agency,
-- :fragment report_priority
                      AS priority,
                  c.assignee AS assignee_user_id, engine.rfc3339((c.acknowledged->>c.owner_agency)::timestamptz) AS acknowledged_at,
                  c.questions_open,
                  CASE WHEN h.since IS NOT NULL THEN
                      json_build_object('reason', h.reason, 'until', engine.rfc3339(h.until),
                                        'since', engine.rfc3339(h.since)) END AS hold,
                  CASE c.visibility WHEN 'ANONYMOUS' THEN '[ANONYMOUS]' ELSE c.reporter END
                      AS reporter_user_id,
                  coalesce(c.votes, 0) + c.merged_votes AS vote_count, coalesce(f.follower_count, 0) AS follower_count, c.location,
                  engine.rfc3339(c.occurred_at) AS occurred_at, engine.rfc3339(k.due_at) AS due_at,
-- :fragment clock_overdue
                      AS overdue,
-- :fragment clock_remaining
                      AS remaining_seconds, coalesce(k.escalation_level, 0) AS escalation_level) shown) item

-- report_one.sql -- one report: the fields shown to anyone, or all of them.
-- :with report_seen
-- :with report_talk
-- :with report_merges
SELECT CASE WHEN sees_all THEN (SELECT to_json(shown) FROM (
                SELECT report_id, version, visibility, category, content,
                       engine.rfc3339(created_at) AS created_at, status AS current_status,
                       engine.rfc3339(last_status_at) AS last_status_at, last_note,
                       coalesce(v.vote_count, 0) AS vote_count, coalesce(f.follower_count, 0) AS follower_count,
                       following, location,
                       engine.rfc3339(occurred_at) AS occurred_at, owner_agency, seen_into AS merged_into, merged,
                       CASE visibility WHEN 'ANONYMOUS' THEN '[ANONYMOUS]' ELSE reporter END
                           AS reporter_user_id,
-- :fragment report_priority
                           AS priority,
                       (SELECT questions FROM report_talk) AS questions,
                       (SELECT comments FROM report_talk) AS comments,
                       (SELECT older_comments FROM report_talk) AS older_comments) shown)
            ELSE (SELECT to_json(shown) FROM (
                SELECT report_id, version, visibility, category, content,
                       engine.rfc3339(created_at) AS created_at, status AS current_status,
                       engine.rfc3339(last_status_at) AS last_status_at,
                       coalesce(v.vote_count, 0) AS vote_count, coalesce(f.follower_count, 0) AS follower_count,
                       following, location,
                       engine.rfc3339(occurred_at) AS occurred_at, owner_agency, seen_into AS merged_into, merged,
-- :fragment report_priority
                           AS priority) shown)
       END::text, version,
-- :include report_read
  FROM report_seen
  LEFT JOIN (SELECT report_id, votes, merged_votes, vote_count FROM report_rank.report_rank) v USING (report_id)
  LEFT JOIN report_follow.report_followers f USING (report_id)
 CROSS JOIN LATERAL (SELECT coalesce(json_agg(m.report_id ORDER BY m.report_id)
                                     FILTER (WHERE m.merged_into = report_seen.report_id), '[]') AS merged,
                            min(m.report_id::text) FILTER (WHERE m.report_id = report_seen.merged_into) AS seen_into
                       FROM report_merges m) others
 CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM report_follow.report_follows own
                      WHERE own.report_id = report_seen.report_id AND own.follower IN ($2, $3)) AS following) who

-- case_one.sql -- one case with its newest lines and comments, all notes and its hold, for the agency that owns it and those that did.
-- $1 report; who asks: $2 user, $3 pseudonym, $4 agency (NULL: all); $5 changes each second. Its clock is shown as it stands.
-- :with report_talk
-- :with case_lines
-- :with case_merges
SELECT to_json(shown)::text, shown.version,
-- :include report_read
  FROM (SELECT c.report_id, c.version, c.visibility, c.category, c.content,
               engine.rfc3339(c.created_at) AS created_at, c.status,
               engine.rfc3339(c.updated_at) AS updated_at, c.last_note, c.owner_agency,
-- :fragment report_priority
                   AS priority,
               c.questions_open, c.assignee AS assignee_user_id,
               engine.rfc3339((c.acknowledged->>c.owner_agency)::timestamptz) AS acknowledged_at,
               engine.rfc3339(c.forwarded_at) AS forwarded_at,
               CASE c.visibility WHEN 'ANONYMOUS' THEN '[ANONYMOUS]' ELSE c.reporter END
                   AS reporter_user_id,
               coalesce(c.votes, 0) + c.merged_votes AS vote_count, coalesce(f.follower_count, 0) AS follower_count, c.location,
               engine.rfc3339(c.occurred_at) AS occurred_at, engine.rfc3339(k.due_at) AS due_at,
-- :fragment clock_overdue
                   AS overdue,
-- :fragment clock_remaining
                   AS remaining_seconds, coalesce(k.escalation_level, 0) AS escalation_level,
               (SELECT count(*) FROM report_history.report_history h
                 WHERE h.report_id = c.report_id AND h.old_status = 'RESOLVED'
                   AND h.new_status = 'IN_PROGRESS') AS reopened_count,
               (SELECT coalesce(json_agg(json_build_object(
                           'note_id', n.note_id, 'text', n.text, 'noted_by', n.noted_by,
                           'at', engine.rfc3339(n.at)) ORDER BY n.position), '[]')
                  FROM case_file.case_notes n WHERE n.report_id = c.report_id) AS notes,
               (SELECT json_build_object('reason', h.reason, 'until', engine.rfc3339(h.until),
                                         'since', engine.rfc3339(h.since))
                  FROM case_file.case_holds h
                 WHERE h.report_id = c.report_id AND h.since IS NOT NULL) AS hold,
               (SELECT m.report_id FROM case_merges m WHERE m.report_id = c.merged_into) AS merged_into,
               (SELECT coalesce(json_agg(m.report_id ORDER BY m.report_id), '[]')
                  FROM case_merges m WHERE m.merged_into = c.report_id) AS merged,
               (SELECT questions FROM report_talk) AS questions,
               (SELECT comments FROM report_talk) AS comments,
               (SELECT older_comments FROM report_talk) AS older_comments,
               (SELECT count(*) > 100 FROM case_lines) AS older_history,
               (SELECT coalesce(json_agg(to_json(line) ORDER BY line.version), '[]')
                  FROM (SELECT h.version, h.type, h.old_status, h.new_status, h.note,
                               engine.rfc3339(h.at) AS at,
                               h.facts - CASE WHEN h.type IN ('report.merged', 'report.unmerged') AND NOT EXISTS (
                                   SELECT FROM case_merges m WHERE m.report_id::text IN (
                                       h.facts->>'merged_report_id', h.facts->>'into_report_id'))
                                   THEN ARRAY['merged_report_id', 'into_report_id'] ELSE '{}' END AS facts
                          FROM case_lines h WHERE h.place <= 100) line) AS history
          FROM case_inbox.case_inbox c
          LEFT JOIN report_follow.report_followers f USING (report_id)
          LEFT JOIN (SELECT report_id, due_at, remaining_us, sla_status, escalation_level
                       FROM sla.report_clocks WHERE $5::bigint IS NOT NULL) k USING (report_id)
         WHERE c.report_id = $1::uuid AND c.created_at IS NOT NULL
           AND ($4::text IS NULL OR c.owner_agency = $4 OR c.former_agencies @> ARRAY[$4])) shown

-- report_talk.sql -- questions, answers and the newest comments of the report $1, as JSON, and whether
-- there are older comments. For those who see all of it.
SELECT (SELECT coalesce(json_agg(json_build_object(
                   'question_id', q.question_id, 'agency', q.agency, 'question', q.question,
                   'asked_at', engine.rfc3339(q.asked_at), 'answer', q.answer,
                   'answered_at', engine.rfc3339(q.answered_at)) ORDER BY q.position), '[]')
          FROM report_conversation.report_questions q WHERE q.report_id = $1::uuid) AS questions,
       newest.comments, newest.older_comments
  FROM (SELECT coalesce(json_agg(json_build_object(
                   'comment_id', c.comment_id, 'commented_by', c.commented_by, 'agency', c.agency,
                   'comment', c.comment, 'commented_at', engine.rfc3339(c.commented_at))
                   ORDER BY c.position) FILTER (WHERE c.place <= 100), '[]') AS comments,
               count(*) > 100 AS older_comments
          FROM (SELECT row_number() OVER (ORDER BY position DESC) AS place, last.*
                  FROM (SELECT * FROM report_conversation.report_comments WHERE report_id = $1::uuid
                         ORDER BY position DESC LIMIT 101) last) c) newest

-- report_conversation.sql -- what an agency asked the author of a report, what they answered, and what both
-- sides commented. For the author and the agencies of the report alone.

-- :tables
CREATE TABLE report_questions (
    question_id uuid PRIMARY KEY,
    report_id uuid,
    position bigint,            -- of the event
    agency text,                -- that asks
    question text,
    asked_at timestamptz,
    answer text,                -- NULL: none yet
    answered_at timestamptz
);
CREATE INDEX report_questions_report ON report_questions (report_id, position);
CREATE TABLE report_comments (
    comment_id uuid PRIMARY KEY,
    report_id uuid,
    position bigint,            -- of the event
    commented_by text,          -- author or agency
    agency text,                -- that commented; NULL for the author
    comment text,
    commented_at timestamptz
);
CREATE INDEX report_comments_report ON report_comments (report_id, position);

-- :members report_id uuid, question_id uuid, comment_id uuid, text text, owner_agency text, commented_by text
-- :members asked_at timestamptz, answered_at timestamptz, commented_at timestamptz

-- :on report.question.asked
INSERT INTO report_questions (question_id, report_id, position, agency, question, asked_at)
SELECT question_id, report_id, position, owner_agency, text, asked_at FROM batch;

-- :on report.question.answered
UPDATE report_questions q SET answer = batch.text, answered_at = batch.answered_at
  FROM batch WHERE q.question_id = batch.question_id;

-- :on report.commented
INSERT INTO report_comments (comment_id, report_id, position, commented_by, agency, comment, commented_at)
SELECT comment_id, report_id, position, commented_by, CASE commented_by WHEN 'agency' THEN owner_agency END,
       text, commented_at
  FROM batch;

-- case_inbox.sql -- one row per case: what the officers of the owning agency work through.

-- :tables
CREATE TABLE case_inbox (
    report_id uuid PRIMARY KEY,
    version bigint,             -- of the report's stream
    position bigint,            -- of report.created: the order of the inbox
    reporter text,              -- user id; NULL for anonymous reports and reports without author
    visibility text,
    category text,
    owner_agency text,
    content text,
    location jsonb,
    occurred_at timestamptz,
    created_at timestamptz,
    status text,
    updated_at timestamptz,     -- of the last change of status
    last_note text              -- why it is in this status; NULL if nobody said
);

-- An agency's inbox, newest first: plain, and by category and status, of which a query without one of
-- them walks the few values there are; so it does with agencies, for an admin. A query's `position < $n`
-- implies the WHERE.
CREATE INDEX case_inbox_agency ON case_inbox (owner_agency, position) WHERE position IS NOT NULL;
CREATE INDEX case_inbox_filtered ON case_inbox (owner_agency, category, status, position)
 WHERE position IS NOT NULL;

-- :members report_id uuid, reporter_user_id text, visibility text
-- :members category text, owner_agency text, content text, location jsonb, status text
-- :members occurred_at timestamptz, created_at timestamptz
-- :members new_status text, changed_at timestamptz, note text

-- :on report.created
INSERT INTO case_inbox (report_id, version, position, reporter, visibility, category, owner_agency,
                        content, location, occurred_at, created_at, status, updated_at)
SELECT report_id, version, position, reporter_user_id, visibility, category, owner_agency,
       content, location, occurred_at, created_at, status, created_at
  FROM batch;

-- :on report.status.updated
UPDATE case_inbox c
   SET version = greatest(c.version, last.version), status = last.new_status,
       updated_at = last.changed_at, last_note = last.note
  FROM (SELECT DISTINCT ON (stream) report_id, version, new_status, changed_at, note
          FROM batch ORDER BY stream, version DESC) last
 WHERE c.report_id = last.report_id;

-- For types that have no statement here.
-- :version case_inbox report_id report

-- report_detail.sql -- one row per report, with all that any reader may see of it; which reader sees
-- which column is decided in the queries.

-- :tables
CREATE TABLE report_detail (
    report_id uuid PRIMARY KEY,
    version bigint,             -- of the report's stream
    position bigint,            -- of report.created
    reporter text,              -- user id; NULL for anonymous reports and reports without author
    pseudonym text,             -- of an anonymous author; no query shows it
    visibility text,
    category text,
    kind text,                  -- of the category when it was filed: decides who reads it, for ever
    owner_agency text,
    content text,
    location jsonb,
    occurred_at timestamptz,
    created_at timestamptz,
    status text,
    last_status_at timestamptz,
    last_note text              -- why it is in this status; NULL if nobody said
) WITH (fillfactor = 80);      -- room beside a row for its next status
CREATE TABLE report_votes (report_id uuid PRIMARY KEY, votes bigint NOT NULL) WITH (fillfactor = 80);

-- :members report_id uuid, reporter_user_id text, reporter_pseudonym text, visibility text
-- :members category text, kind text, owner_agency text, content text, location jsonb, status text
-- :members occurred_at timestamptz, created_at timestamptz
-- :members new_status text, changed_at timestamptz, note text

-- :on report.created
INSERT INTO report_detail (report_id, version, position, reporter, pseudonym, visibility, category, kind,
                           owner_agency, content, location, occurred_at, created_at, status, last_status_at)
SELECT report_id, version, position, reporter_user_id, reporter_pseudonym, visibility, category,
       coalesce(kind, 'issue'), owner_agency, content, location, occurred_at, created_at, status, created_at
  FROM batch;

-- :on report.status.updated
UPDATE report_detail r
   SET version = greatest(r.version, last.version), status = last.new_status,
       last_status_at = last.changed_at, last_note = last.note
  FROM (SELECT DISTINCT ON (stream) report_id, version, new_status, changed_at, note
          FROM batch ORDER BY stream, version DESC) last
 WHERE r.report_id = last.report_id;

-- :on report.upvoted, report.upvote.withdrawn
INSERT INTO report_votes AS v (report_id, votes)
SELECT report_id, sum(CASE type WHEN 'report.upvoted' THEN 1 ELSE -1 END)
  FROM batch GROUP BY 1
    ON CONFLICT (report_id) DO UPDATE SET votes = v.votes + excluded.votes;

-- For types that have no statement here.
-- :version report_detail report_id report

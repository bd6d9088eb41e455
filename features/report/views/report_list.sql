-- report_list.sql -- one row per report, as the public feed and "my reports" show it.
-- `batch` holds the new events of the named types, each once:
--     position bigint, stream text, version bigint, type text, time timestamptz, data jsonb
-- and the members of `data` that are named below, NULL where an event has none.
-- Statements run in file order, in the transaction that moves the checkpoint: what creates a row stands
-- before what changes it. What comes from other streams has tables or columns of its own.

-- :tables
CREATE TABLE report_list (
    report_id uuid PRIMARY KEY,
    position bigint,            -- of report.created: the order of the feed
    reporter text,              -- user id; NULL for anonymous reports and reports without author
    pseudonym text,             -- of an anonymous author; no query shows it
    visibility text,
    category text,
    kind text,                  -- of the category when it was filed or edited last
    owner_agency text,
    content text,
    location jsonb,
    occurred_at timestamptz,
    created_at timestamptz,
    status text,
    last_status_at timestamptz,
    questions_open bigint,      -- the agency waits for the author
    merged_into uuid            -- the report it is the same as; NULL: none
);

-- The public feed, newest first: plain, and by category and status, of which a query without one of them
-- walks the few values there are. A query repeats this WHERE word for word. Ascending, so that new rows
-- come behind the others of their kind and fill the pages.
CREATE INDEX report_list_feed ON report_list (position)
 WHERE visibility = 'PUBLIC' AND status <> 'WITHDRAWN' AND merged_into IS NULL;
CREATE INDEX report_list_feed_filtered ON report_list (category, status, position)
 WHERE visibility = 'PUBLIC' AND status <> 'WITHDRAWN' AND merged_into IS NULL;
-- The same of crimes, which are few among many.
CREATE INDEX report_list_crimes ON report_list (position)
 WHERE kind = 'crime' AND visibility = 'PUBLIC' AND status <> 'WITHDRAWN' AND merged_into IS NULL;
CREATE INDEX report_list_crimes_filtered ON report_list (category, status, position)
 WHERE kind = 'crime' AND visibility = 'PUBLIC' AND status <> 'WITHDRAWN' AND merged_into IS NULL;
-- "My reports", those first that wait for the author: by user, and by the pseudonym of the same user. A query
-- sorts by the same expression.
CREATE INDEX report_list_reporter ON report_list (reporter, least(coalesce(questions_open, 0), 1), position)
 WHERE reporter IS NOT NULL;
CREATE INDEX report_list_pseudonym ON report_list (pseudonym, least(coalesce(questions_open, 0), 1), position)
 WHERE pseudonym IS NOT NULL;

-- :members report_id uuid, reporter_user_id text, reporter_pseudonym text, visibility text
-- :members category text, kind text, owner_agency text, content text, location jsonb, status text
-- :members occurred_at timestamptz, created_at timestamptz
-- :members new_status text, changed_at timestamptz, merged_report_id uuid, into_report_id uuid

-- :on report.created
INSERT INTO report_list (report_id, position, reporter, pseudonym, visibility, category,
                         kind, owner_agency, content, location, occurred_at, created_at, status, last_status_at,
                         questions_open)
SELECT report_id, position, reporter_user_id, reporter_pseudonym, visibility, category,
       coalesce(kind, 'issue'), owner_agency, content, location, occurred_at, created_at, status, created_at, 0
  FROM batch;

-- :on report.status.updated
UPDATE report_list r
   SET status = last.new_status, last_status_at = last.changed_at
  FROM (SELECT DISTINCT ON (stream) report_id, new_status, changed_at
          FROM batch ORDER BY stream, version DESC) last
 WHERE r.report_id = last.report_id;

-- :on report.edited
UPDATE report_list r
   SET category = last.category, kind = last.kind, content = last.content,
       location = last.location, occurred_at = last.occurred_at
  FROM (SELECT DISTINCT ON (stream) report_id, category, kind, content, location, occurred_at
          FROM batch ORDER BY stream, version DESC) last
 WHERE r.report_id = last.report_id;

-- :on report.edited, report.forwarded
UPDATE report_list r
   SET owner_agency = last.owner_agency
  FROM (SELECT DISTINCT ON (stream) report_id, owner_agency
          FROM batch ORDER BY stream, version DESC) last
 WHERE r.report_id = last.report_id;

-- :on report.question.asked, report.question.answered
UPDATE report_list r
   SET questions_open = r.questions_open + changed.open
  FROM (SELECT report_id, sum(CASE type WHEN 'report.question.asked' THEN 1 ELSE -1 END) AS open
          FROM batch GROUP BY report_id) changed
 WHERE r.report_id = changed.report_id;

-- Both reports are told; into which one it is merged changes for the merged one.
-- :on report.merged, report.unmerged
UPDATE report_list r
   SET merged_into = CASE WHEN last.own THEN last.merged_into ELSE r.merged_into END
  FROM (SELECT report_id, bool_or(report_id = merged_report_id) AS own,
               (array_agg(CASE type WHEN 'report.merged' THEN into_report_id END ORDER BY version DESC)
                FILTER (WHERE report_id = merged_report_id))[1] AS merged_into
          FROM batch GROUP BY report_id) last
 WHERE r.report_id = last.report_id;

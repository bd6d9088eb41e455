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
    kind text,                  -- of the category when it was filed or edited last: decides who reads it
    owner_agency text,
    former_agencies text[],     -- those that handed it over, each once; they go on reading
    content text,
    location jsonb,
    occurred_at timestamptz,
    created_at timestamptz,
    status text,
    last_status_at timestamptz,
    last_note text,             -- why it is in this status; NULL if nobody said
    priority text,
    priority_set boolean,       -- by an officer; votes do not raise it any more
    merged_into uuid            -- the report it is the same as; NULL: none
) WITH (fillfactor = 80);      -- room beside a row for its next status
CREATE INDEX report_detail_merged ON report_detail (merged_into) WHERE merged_into IS NOT NULL;

-- :members report_id uuid, reporter_user_id text, reporter_pseudonym text, visibility text
-- :members category text, kind text, owner_agency text, content text, location jsonb, status text
-- :members occurred_at timestamptz, created_at timestamptz
-- :members new_status text, changed_at timestamptz, note text, old_owner_agency text, priority text
-- :members merged_report_id uuid, into_report_id uuid

-- :on report.created
INSERT INTO report_detail (report_id, version, position, reporter, pseudonym, visibility, category, kind,
                           owner_agency, content, location, occurred_at, created_at, status, last_status_at,
                           former_agencies, priority, priority_set)
SELECT report_id, version, position, reporter_user_id, reporter_pseudonym, visibility, category,
       coalesce(kind, 'issue'), owner_agency, content, location, occurred_at, created_at, status, created_at,
       '{}', 'medium', false
  FROM batch;

-- :on report.status.updated
UPDATE report_detail r
   SET version = greatest(r.version, last.version), status = last.new_status,
       last_status_at = last.changed_at, last_note = last.note
  FROM (SELECT DISTINCT ON (stream) report_id, version, new_status, changed_at, note
          FROM batch ORDER BY stream, version DESC) last
 WHERE r.report_id = last.report_id;

-- :on report.edited
UPDATE report_detail r
   SET version = greatest(r.version, last.version), category = last.category, kind = last.kind, content = last.content,
       location = last.location, occurred_at = last.occurred_at
  FROM (SELECT DISTINCT ON (stream) report_id, version, category, kind, content, location, occurred_at
          FROM batch ORDER BY stream, version DESC) last
 WHERE r.report_id = last.report_id;

-- :on report.edited, report.forwarded
UPDATE report_detail r
   SET version = greatest(r.version, moves.version), owner_agency = moves.owner_agency,
       former_agencies = ARRAY(SELECT DISTINCT code COLLATE "C" FROM unnest(r.former_agencies || moves.former) code
                               ORDER BY 1)
  FROM (SELECT report_id, max(version) AS version, (array_agg(owner_agency ORDER BY version DESC))[1] AS owner_agency,
               coalesce(array_agg(old_owner_agency ORDER BY version)
                        FILTER (WHERE old_owner_agency <> owner_agency), '{}') AS former
          FROM batch GROUP BY report_id) moves
 WHERE r.report_id = moves.report_id;

-- :on report.priority.changed
UPDATE report_detail r
   SET version = greatest(r.version, last.version), priority = last.priority, priority_set = true
  FROM (SELECT DISTINCT ON (stream) report_id, version, priority
          FROM batch ORDER BY stream, version DESC) last
 WHERE r.report_id = last.report_id;

-- Both reports are told; into which one it is merged changes for the merged one.
-- :on report.merged, report.unmerged
UPDATE report_detail r
   SET version = greatest(r.version, last.version),
       merged_into = CASE WHEN last.own THEN last.merged_into ELSE r.merged_into END
  FROM (SELECT report_id, max(version) AS version, bool_or(report_id = merged_report_id) AS own,
               (array_agg(CASE type WHEN 'report.merged' THEN into_report_id END ORDER BY version DESC)
                FILTER (WHERE report_id = merged_report_id))[1] AS merged_into
          FROM batch GROUP BY report_id) last
 WHERE r.report_id = last.report_id;

-- For types that have no statement here.
-- :version report_detail report_id report

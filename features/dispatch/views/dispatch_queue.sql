-- dispatch_queue.sql -- one row per report, as a dispatcher waits for it: which crimes are worked on, the urgent ones first.

-- :tables
CREATE TABLE dispatch_queue (
    report_id uuid PRIMARY KEY,
    version bigint,             -- of the report's stream
    position bigint,            -- of report.created
    kind text,
    category text,
    owner_agency text,
    visibility text,
    priority_rank bigint,       -- 1 low to 4 urgent
    status text,
    location jsonb,
    created_at timestamptz,
    merged_into uuid
);
-- A query repeats this WHERE word for word.
CREATE INDEX dispatch_queue_waiting ON dispatch_queue (priority_rank DESC, position)
 WHERE kind = 'crime' AND status IN ('RECEIVED', 'ASSIGNED', 'IN_PROGRESS') AND merged_into IS NULL;

-- :members report_id uuid, kind text, category text, owner_agency text, visibility text, status text, new_status text
-- :members location jsonb, created_at timestamptz, priority text, merged_report_id uuid, into_report_id uuid

-- :on report.created
INSERT INTO dispatch_queue (report_id, version, position, kind, category, owner_agency, visibility, priority_rank, status,
                            location, created_at)
SELECT report_id, version, position, coalesce(kind, 'issue'), category, owner_agency, visibility, 2, status, location,
       created_at
  FROM batch;

-- :on report.status.updated
UPDATE dispatch_queue q
   SET version = greatest(q.version, last.version), status = last.new_status
  FROM (SELECT DISTINCT ON (stream) report_id, version, new_status FROM batch ORDER BY stream, version DESC) last
 WHERE q.report_id = last.report_id;

-- :on report.edited
UPDATE dispatch_queue q
   SET version = greatest(q.version, last.version), kind = last.kind, category = last.category, location = last.location
  FROM (SELECT DISTINCT ON (stream) report_id, version, kind, category, location
          FROM batch ORDER BY stream, version DESC) last
 WHERE q.report_id = last.report_id;

-- :on report.edited, report.forwarded
UPDATE dispatch_queue q
   SET version = greatest(q.version, last.version), owner_agency = last.owner_agency
  FROM (SELECT DISTINCT ON (stream) report_id, version, owner_agency FROM batch ORDER BY stream, version DESC) last
 WHERE q.report_id = last.report_id;

-- :on report.priority.changed
UPDATE dispatch_queue q
   SET version = greatest(q.version, last.version),
       priority_rank = array_position(ARRAY['low', 'medium', 'high', 'urgent'], last.priority)
  FROM (SELECT DISTINCT ON (stream) report_id, version, priority FROM batch ORDER BY stream, version DESC) last
 WHERE q.report_id = last.report_id;

-- :on report.merged, report.unmerged
UPDATE dispatch_queue q
   SET version = greatest(q.version, last.version),
       merged_into = CASE WHEN last.own THEN last.merged_into ELSE q.merged_into END
  FROM (SELECT report_id, max(version) AS version, bool_or(report_id = merged_report_id) AS own,
               (array_agg(CASE type WHEN 'report.merged' THEN into_report_id END ORDER BY version DESC)
                FILTER (WHERE report_id = merged_report_id))[1] AS merged_into
          FROM batch GROUP BY report_id) last
 WHERE q.report_id = last.report_id;

-- For types that have no statement here.
-- :version dispatch_queue report_id report

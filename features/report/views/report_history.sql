-- report_history.sql -- one row per event of a report's own stream, oldest first: what its history shows.

-- :tables
CREATE TABLE report_history (
    report_id uuid,
    version bigint,             -- of the report's stream
    position bigint,
    type text,                  -- of the event
    old_status text,            -- NULL for report.created
    new_status text,
    note text,                  -- not for the public
    at timestamptz,
    PRIMARY KEY (report_id, version)
);

-- :members report_id uuid, status text, old_status text, new_status text, note text
-- :members created_at timestamptz, changed_at timestamptz

-- :on report.created, report.status.updated
INSERT INTO report_history (report_id, version, position, type, old_status, new_status, note, at)
SELECT report_id, version, position, type, old_status, coalesce(new_status, status), note,
       coalesce(changed_at, created_at)
  FROM batch;

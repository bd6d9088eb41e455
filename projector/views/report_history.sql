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

-- :on report.created, report.status.updated
INSERT INTO report_history (report_id, version, position, type, old_status, new_status, note, at)
SELECT (data->>'report_id')::uuid, version, position, type, data->>'old_status',
       coalesce(data->>'new_status', data->>'status'), data->>'note',
       coalesce(data->>'changed_at', data->>'created_at')::timestamptz
  FROM batch;

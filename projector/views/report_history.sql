-- report_history.sql -- one row per event of a report's own stream, oldest first: what its history shows.

-- :tables
CREATE TABLE report_history (
    report_id uuid,
    version bigint,             -- of the report's stream
    position bigint,
    type text,                  -- of the event
    old_status text,
    new_status text,
    note text,                  -- not for the public
    at timestamptz,
    PRIMARY KEY (report_id, version)
);

-- case_file.sql -- what only the agency of a report may know: the notes of its officers, and whether the
-- case is held.

-- :tables
CREATE TABLE case_notes (
    note_id uuid PRIMARY KEY,
    report_id uuid,
    position bigint,            -- of the event
    text text,
    noted_by text,              -- user id; NULL where it would name an anonymous author
    at timestamptz
);
CREATE INDEX case_notes_report ON case_notes (report_id, position);
CREATE TABLE case_holds (
    report_id uuid PRIMARY KEY,
    reason text,
    until timestamptz,          -- NULL: until somebody resumes it
    since timestamptz           -- NULL: it is not held
);

-- :members report_id uuid, note_id uuid, text text, noted_by text, noted_at timestamptz
-- :members reason text, until timestamptz, since timestamptz

-- :on case.noted
INSERT INTO case_notes (note_id, report_id, position, text, noted_by, at)
SELECT note_id, report_id, position, text, noted_by, noted_at FROM batch;

-- A resumed case has no reason and no times.
-- :on case.held, case.resumed
INSERT INTO case_holds AS h (report_id, reason, until, since)
SELECT DISTINCT ON (stream) report_id, reason, until, since
  FROM batch ORDER BY stream, version DESC
    ON CONFLICT (report_id) DO UPDATE
   SET reason = excluded.reason, until = excluded.until, since = excluded.since;

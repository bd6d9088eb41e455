-- report_list.sql -- one row per report, as the public feed and "my reports" show it.
-- `batch` holds the new events of the named types, each once:
--     position bigint, stream text, version bigint, type text, time timestamptz, data jsonb
-- Statements run in file order, in the transaction that moves the checkpoint. Each column is
-- written by one statement; all but the key may be NULL, so that a stream can be applied late.

-- :tables
CREATE TABLE report_list (
    report_id uuid PRIMARY KEY,
    version bigint,             -- of the report's stream; kept by the engine
    position bigint,            -- of report.created: the order of the feed
    reporter text,              -- user id; NULL for anonymous reports and reports without author
    pseudonym text,             -- of an anonymous author; no query shows it
    visibility text,
    category text,
    owner_agency text,
    content text,
    location jsonb,
    occurred_at timestamptz,
    created_at timestamptz,
    status text,
    last_status_at timestamptz
);
CREATE TABLE report_votes (report_id uuid PRIMARY KEY, votes bigint NOT NULL);

-- :version report_list report_id report

-- report_detail.sql -- one row per report, with all that any reader may see of it; which reader sees
-- which column is decided in query-api/queries/.

-- :tables
CREATE TABLE report_detail (
    report_id uuid PRIMARY KEY,
    version bigint,             -- of the report's stream; kept by the engine
    position bigint,            -- of report.created
    reporter text,
    pseudonym text,
    visibility text,
    category text,
    owner_agency text,
    content text,
    location jsonb,
    occurred_at timestamptz,
    created_at timestamptz,
    status text,
    last_status_at timestamptz,
    last_note text
);
CREATE TABLE report_votes (report_id uuid PRIMARY KEY, votes bigint NOT NULL);

-- :version report_detail report_id report

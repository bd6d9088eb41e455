-- case_inbox.sql -- one row per case: what the officers of the owning agency work through.

-- :tables
CREATE TABLE case_inbox (
    report_id uuid PRIMARY KEY,
    version bigint,             -- of the report's stream; kept by the engine
    position bigint,            -- of report.created: the order of the inbox
    reporter text,              -- user id; NULL for anonymous reports and reports without author
    visibility text,
    category text,
    owner_agency text,
    content text,
    location jsonb,
    occurred_at timestamptz,
    created_at timestamptz,
    status text,
    updated_at timestamptz,
    last_note text
);

-- :version case_inbox report_id report

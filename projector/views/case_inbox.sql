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
    updated_at timestamptz,     -- of the last change of status
    last_note text              -- why it is in this status; NULL if nobody said
);

-- An agency's inbox, newest first, plain and by each filter.
CREATE INDEX case_inbox_agency ON case_inbox (owner_agency, position DESC);
CREATE INDEX case_inbox_status ON case_inbox (owner_agency, status, position DESC);
CREATE INDEX case_inbox_category ON case_inbox (owner_agency, category, position DESC);
CREATE INDEX case_inbox_category_status ON case_inbox (owner_agency, category, status, position DESC);
-- All agencies, for an admin.
CREATE INDEX case_inbox_all ON case_inbox (position DESC);
CREATE INDEX case_inbox_all_status ON case_inbox (status, position DESC);
CREATE INDEX case_inbox_all_category ON case_inbox (category, position DESC);
CREATE INDEX case_inbox_all_category_status ON case_inbox (category, status, position DESC);

-- :on report.created, report.status.updated
INSERT INTO case_inbox AS c (report_id, status, updated_at, last_note)
SELECT DISTINCT ON (stream) (data->>'report_id')::uuid,
       coalesce(data->>'new_status', data->>'status'),
       coalesce(data->>'changed_at', data->>'created_at')::timestamptz, data->>'note'
  FROM batch ORDER BY stream, version DESC
    ON CONFLICT (report_id) DO UPDATE
   SET status = excluded.status, updated_at = excluded.updated_at, last_note = excluded.last_note;

-- :version case_inbox report_id report

-- :on report.created
INSERT INTO case_inbox AS c (report_id, position, reporter, visibility, category, owner_agency,
                             content, location, occurred_at, created_at)
SELECT (data->>'report_id')::uuid, position, data->>'reporter_user_id', data->>'visibility',
       data->>'category', data->>'owner_agency', data->>'content', data->'location',
       (data->>'occurred_at')::timestamptz, (data->>'created_at')::timestamptz
  FROM batch
    ON CONFLICT (report_id) DO UPDATE
   SET position = excluded.position, reporter = excluded.reporter, visibility = excluded.visibility,
       category = excluded.category, owner_agency = excluded.owner_agency,
       content = excluded.content, location = excluded.location,
       occurred_at = excluded.occurred_at, created_at = excluded.created_at;

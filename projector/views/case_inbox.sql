-- case_inbox.sql -- one row per case: what the officers of the owning agency work through.

-- :tables
CREATE TABLE case_inbox (
    report_id uuid PRIMARY KEY,
    version bigint,             -- of the report's stream
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

-- An agency's inbox, newest first, plain and by each filter; then all agencies, for an admin. A query's
-- `position < $n` implies the WHERE.
CREATE INDEX case_inbox_agency ON case_inbox (owner_agency, position DESC)
 WHERE position IS NOT NULL;
CREATE INDEX case_inbox_status ON case_inbox (owner_agency, status, position DESC)
 WHERE position IS NOT NULL;
CREATE INDEX case_inbox_category ON case_inbox (owner_agency, category, position DESC)
 WHERE position IS NOT NULL;
CREATE INDEX case_inbox_category_status ON case_inbox (owner_agency, category, status, position DESC)
 WHERE position IS NOT NULL;
CREATE INDEX case_inbox_all ON case_inbox (position DESC)
 WHERE position IS NOT NULL;
CREATE INDEX case_inbox_all_status ON case_inbox (status, position DESC)
 WHERE position IS NOT NULL;
CREATE INDEX case_inbox_all_category ON case_inbox (category, position DESC)
 WHERE position IS NOT NULL;
CREATE INDEX case_inbox_all_category_status ON case_inbox (category, status, position DESC)
 WHERE position IS NOT NULL;

-- For types that have no statement here.
-- :version case_inbox report_id report

-- :on report.created, report.status.updated
INSERT INTO case_inbox AS c (report_id, version, position, reporter, visibility, category, owner_agency, content,
                             location, occurred_at, created_at, status, updated_at, last_note)
SELECT (last->>'report_id')::uuid, version, position, created->>'reporter_user_id', created->>'visibility',
       created->>'category', created->>'owner_agency', created->>'content', created->'location',
       (created->>'occurred_at')::timestamptz, (created->>'created_at')::timestamptz,
       coalesce(last->>'new_status', last->>'status'),
       coalesce(last->>'changed_at', last->>'created_at')::timestamptz, last->>'note'
  FROM (SELECT max(version) AS version, max(position) FILTER (WHERE type = 'report.created') AS position,
               (array_agg(data) FILTER (WHERE type = 'report.created'))[1] AS created,
               (array_agg(data ORDER BY version DESC))[1] AS last
          FROM batch GROUP BY stream) report
    ON CONFLICT (report_id) DO UPDATE
   SET version = greatest(c.version, excluded.version),
       position = coalesce(excluded.position, c.position),
       reporter = coalesce(excluded.reporter, c.reporter),
       visibility = coalesce(excluded.visibility, c.visibility),
       category = coalesce(excluded.category, c.category),
       owner_agency = coalesce(excluded.owner_agency, c.owner_agency),
       content = coalesce(excluded.content, c.content),
       location = coalesce(excluded.location, c.location),
       occurred_at = coalesce(excluded.occurred_at, c.occurred_at),
       created_at = coalesce(excluded.created_at, c.created_at),
       status = excluded.status, updated_at = excluded.updated_at, last_note = excluded.last_note;

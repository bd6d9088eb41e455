-- report_detail.sql -- one row per report, with all that any reader may see of it; which reader sees
-- which column is decided in query-api/queries/.

-- :tables
CREATE TABLE report_detail (
    report_id uuid PRIMARY KEY,
    version bigint,             -- of the report's stream; kept by the engine
    position bigint,            -- of report.created
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
    last_status_at timestamptz,
    last_note text              -- why it is in this status; NULL if nobody said
);
CREATE TABLE report_votes (report_id uuid PRIMARY KEY, votes bigint NOT NULL);

-- :on report.created, report.status.updated
INSERT INTO report_detail AS r (report_id, status, last_status_at, last_note)
SELECT DISTINCT ON (stream) (data->>'report_id')::uuid,
       coalesce(data->>'new_status', data->>'status'),
       coalesce(data->>'changed_at', data->>'created_at')::timestamptz, data->>'note'
  FROM batch ORDER BY stream, version DESC
    ON CONFLICT (report_id) DO UPDATE
   SET status = excluded.status, last_status_at = excluded.last_status_at,
       last_note = excluded.last_note;

-- :version report_detail report_id report

-- :on report.created
INSERT INTO report_detail AS r (report_id, position, reporter, pseudonym, visibility, category,
                                owner_agency, content, location, occurred_at, created_at)
SELECT (data->>'report_id')::uuid, position, data->>'reporter_user_id', data->>'reporter_pseudonym',
       data->>'visibility', data->>'category', data->>'owner_agency', data->>'content',
       data->'location', (data->>'occurred_at')::timestamptz, (data->>'created_at')::timestamptz
  FROM batch
    ON CONFLICT (report_id) DO UPDATE
   SET position = excluded.position, reporter = excluded.reporter, pseudonym = excluded.pseudonym,
       visibility = excluded.visibility, category = excluded.category,
       owner_agency = excluded.owner_agency, content = excluded.content,
       location = excluded.location, occurred_at = excluded.occurred_at,
       created_at = excluded.created_at;

-- :on report.upvoted, report.upvote.withdrawn
INSERT INTO report_votes AS v (report_id, votes)
SELECT (data->>'report_id')::uuid, sum(CASE type WHEN 'report.upvoted' THEN 1 ELSE -1 END)
  FROM batch GROUP BY 1
    ON CONFLICT (report_id) DO UPDATE SET votes = v.votes + excluded.votes;

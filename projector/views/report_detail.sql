-- report_detail.sql -- one row per report, with all that any reader may see of it; which reader sees
-- which column is decided in query-api/queries/.

-- :tables
CREATE TABLE report_detail (
    report_id uuid PRIMARY KEY,
    version bigint,             -- of the report's stream
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
) WITH (fillfactor = 80);      -- room beside a row for its next status
CREATE TABLE report_votes (report_id uuid PRIMARY KEY, votes bigint NOT NULL) WITH (fillfactor = 80);

-- For types that have no statement here.
-- :version report_detail report_id report

-- :on report.created, report.status.updated
INSERT INTO report_detail AS r (report_id, version, position, reporter, pseudonym, visibility, category,
                                owner_agency, content, location, occurred_at, created_at, status,
                                last_status_at, last_note)
SELECT (last->>'report_id')::uuid, version, position, created->>'reporter_user_id',
       created->>'reporter_pseudonym', created->>'visibility', created->>'category',
       created->>'owner_agency', created->>'content', created->'location',
       (created->>'occurred_at')::timestamptz, (created->>'created_at')::timestamptz,
       coalesce(last->>'new_status', last->>'status'),
       coalesce(last->>'changed_at', last->>'created_at')::timestamptz, last->>'note'
  FROM (SELECT max(version) AS version, max(position) FILTER (WHERE type = 'report.created') AS position,
               (array_agg(data) FILTER (WHERE type = 'report.created'))[1] AS created,
               (array_agg(data ORDER BY version DESC))[1] AS last
          FROM batch GROUP BY stream) report
    ON CONFLICT (report_id) DO UPDATE
   SET version = greatest(r.version, excluded.version),
       position = coalesce(excluded.position, r.position),
       reporter = coalesce(excluded.reporter, r.reporter),
       pseudonym = coalesce(excluded.pseudonym, r.pseudonym),
       visibility = coalesce(excluded.visibility, r.visibility),
       category = coalesce(excluded.category, r.category),
       owner_agency = coalesce(excluded.owner_agency, r.owner_agency),
       content = coalesce(excluded.content, r.content),
       location = coalesce(excluded.location, r.location),
       occurred_at = coalesce(excluded.occurred_at, r.occurred_at),
       created_at = coalesce(excluded.created_at, r.created_at),
       status = excluded.status, last_status_at = excluded.last_status_at,
       last_note = excluded.last_note;

-- :on report.upvoted, report.upvote.withdrawn
INSERT INTO report_votes AS v (report_id, votes)
SELECT (data->>'report_id')::uuid, sum(CASE type WHEN 'report.upvoted' THEN 1 ELSE -1 END)
  FROM batch GROUP BY 1
    ON CONFLICT (report_id) DO UPDATE SET votes = v.votes + excluded.votes;

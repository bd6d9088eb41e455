-- report_list.sql -- one row per report, as the public feed and "my reports" show it.
-- `batch` holds the new events of the named types, each once:
--     position bigint, stream text, version bigint, type text, time timestamptz, data jsonb
-- Statements run in file order, in the transaction that moves the checkpoint. Each column is
-- written by one statement; all but the key may be NULL, so that a stream can be applied late.

-- :tables
CREATE TABLE report_list (
    report_id uuid PRIMARY KEY,
    version bigint,             -- of the report's stream
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
CREATE TABLE report_votes (report_id uuid PRIMARY KEY, votes bigint NOT NULL) WITH (fillfactor = 80);

-- The public feed, newest first, plain and by each filter: a query repeats this WHERE word for word.
CREATE INDEX report_list_feed ON report_list (position DESC)
 WHERE visibility = 'PUBLIC' AND status <> 'WITHDRAWN';
CREATE INDEX report_list_feed_category ON report_list (category, position DESC)
 WHERE visibility = 'PUBLIC' AND status <> 'WITHDRAWN';
CREATE INDEX report_list_feed_status ON report_list (status, position DESC)
 WHERE visibility = 'PUBLIC' AND status <> 'WITHDRAWN';
CREATE INDEX report_list_feed_category_status ON report_list (category, status, position DESC)
 WHERE visibility = 'PUBLIC' AND status <> 'WITHDRAWN';
-- "My reports": by user, and by the pseudonym of the same user.
CREATE INDEX report_list_reporter ON report_list (reporter, position DESC) WHERE reporter IS NOT NULL;
CREATE INDEX report_list_pseudonym ON report_list (pseudonym, position DESC) WHERE pseudonym IS NOT NULL;

-- For types that have no statement here.
-- :version report_list report_id report

-- One upsert a report and batch: what it was created as, if that is in the batch, and its last status.
-- :on report.created, report.status.updated
INSERT INTO report_list AS r (report_id, version, position, reporter, pseudonym, visibility, category,
                              owner_agency, content, location, occurred_at, created_at, status,
                              last_status_at)
SELECT (last->>'report_id')::uuid, version, position, created->>'reporter_user_id',
       created->>'reporter_pseudonym', created->>'visibility', created->>'category',
       created->>'owner_agency', created->>'content', created->'location',
       (created->>'occurred_at')::timestamptz, (created->>'created_at')::timestamptz,
       coalesce(last->>'new_status', last->>'status'),
       coalesce(last->>'changed_at', last->>'created_at')::timestamptz
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
       status = excluded.status, last_status_at = excluded.last_status_at;

-- :on report.upvoted, report.upvote.withdrawn
INSERT INTO report_votes AS v (report_id, votes)
SELECT (data->>'report_id')::uuid, sum(CASE type WHEN 'report.upvoted' THEN 1 ELSE -1 END)
  FROM batch GROUP BY 1
    ON CONFLICT (report_id) DO UPDATE SET votes = v.votes + excluded.votes;

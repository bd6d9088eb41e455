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

-- :on report.created, report.status.updated
INSERT INTO report_list AS r (report_id, status, last_status_at)
SELECT DISTINCT ON (stream) (data->>'report_id')::uuid,
       coalesce(data->>'new_status', data->>'status'),
       coalesce(data->>'changed_at', data->>'created_at')::timestamptz
  FROM batch ORDER BY stream, version DESC
    ON CONFLICT (report_id) DO UPDATE
   SET status = excluded.status, last_status_at = excluded.last_status_at;

-- :version report_list report_id report

-- :on report.created
INSERT INTO report_list AS r (report_id, position, reporter, pseudonym, visibility, category,
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

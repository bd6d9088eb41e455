-- report_rank.sql -- a row per public report, to sort the feed by votes. Filter columns come from the
-- report's stream, votes from the vote streams: upserts with disjoint columns.

-- :tables
CREATE TABLE report_rank (
    report_id uuid PRIMARY KEY,
    votes bigint,               -- NULL: none yet
    position bigint,            -- of report.created; NULL while only votes have arrived
    category text,
    status text
);

-- Most votes first, newest first among equals, plain and by each filter. A query sorts by the same
-- expression, coalesce(votes, 0), and repeats this WHERE word for word.
CREATE INDEX report_rank_all ON report_rank (coalesce(votes, 0) DESC, position DESC)
 WHERE position IS NOT NULL AND status <> 'WITHDRAWN';
CREATE INDEX report_rank_category ON report_rank (category, coalesce(votes, 0) DESC, position DESC)
 WHERE position IS NOT NULL AND status <> 'WITHDRAWN';
CREATE INDEX report_rank_status ON report_rank (status, coalesce(votes, 0) DESC, position DESC)
 WHERE position IS NOT NULL AND status <> 'WITHDRAWN';
CREATE INDEX report_rank_category_status
    ON report_rank (category, status, coalesce(votes, 0) DESC, position DESC)
 WHERE position IS NOT NULL AND status <> 'WITHDRAWN';

-- :on report.created, report.status.updated
INSERT INTO report_rank AS r (report_id, position, category, status)
SELECT (last->>'report_id')::uuid, position, created->>'category',
       coalesce(last->>'new_status', last->>'status')
  FROM (SELECT max(position) FILTER (WHERE type = 'report.created') AS position,
               (array_agg(data) FILTER (WHERE type = 'report.created'))[1] AS created,
               (array_agg(data ORDER BY version DESC))[1] AS last
          FROM batch WHERE data->>'visibility' = 'PUBLIC' GROUP BY stream) report
    ON CONFLICT (report_id) DO UPDATE
   SET position = coalesce(excluded.position, r.position),
       category = coalesce(excluded.category, r.category), status = excluded.status;

-- :on report.upvoted, report.upvote.withdrawn
INSERT INTO report_rank AS r (report_id, votes)
SELECT (data->>'report_id')::uuid, sum(CASE type WHEN 'report.upvoted' THEN 1 ELSE -1 END)
  FROM batch GROUP BY 1
    ON CONFLICT (report_id) DO UPDATE SET votes = coalesce(r.votes, 0) + excluded.votes;

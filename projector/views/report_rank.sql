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
INSERT INTO report_rank AS r (report_id, status)
SELECT DISTINCT ON (stream) (data->>'report_id')::uuid,
       coalesce(data->>'new_status', data->>'status')
  FROM batch WHERE data->>'visibility' = 'PUBLIC' ORDER BY stream, version DESC
    ON CONFLICT (report_id) DO UPDATE SET status = excluded.status;

-- :on report.created
INSERT INTO report_rank AS r (report_id, position, category)
SELECT (data->>'report_id')::uuid, position, data->>'category'
  FROM batch WHERE data->>'visibility' = 'PUBLIC'
    ON CONFLICT (report_id) DO UPDATE
   SET position = excluded.position, category = excluded.category;

-- :on report.upvoted, report.upvote.withdrawn
INSERT INTO report_rank AS r (report_id, votes)
SELECT (data->>'report_id')::uuid, sum(CASE type WHEN 'report.upvoted' THEN 1 ELSE -1 END)
  FROM batch GROUP BY 1
    ON CONFLICT (report_id) DO UPDATE SET votes = coalesce(r.votes, 0) + excluded.votes;

-- report_rank.sql -- a row per public report, to sort the feed by votes. Filter columns come from the
-- report's stream, votes from the vote streams: upserts with disjoint columns.

-- :tables
CREATE TABLE report_rank (
    report_id uuid PRIMARY KEY,
    votes bigint,               -- NULL: none yet
    position bigint,            -- of report.created; NULL while only votes have arrived
    category text,
    status text,
    merged_into uuid            -- the report it is the same as; NULL: none
);

-- Most votes first, newest first among equals: plain, and by category and status, of which a query
-- without one of them walks the few values there are. A query sorts by the same expression,
-- coalesce(votes, 0), and repeats this WHERE word for word.
CREATE INDEX report_rank_all ON report_rank (coalesce(votes, 0), position)
 WHERE position IS NOT NULL AND status <> 'WITHDRAWN' AND merged_into IS NULL;
CREATE INDEX report_rank_filtered ON report_rank (category, status, coalesce(votes, 0), position)
 WHERE position IS NOT NULL AND status <> 'WITHDRAWN' AND merged_into IS NULL;

-- :members report_id uuid, visibility text, category text, status text, new_status text
-- :members merged_report_id uuid, into_report_id uuid

-- :on report.created
INSERT INTO report_rank AS r (report_id, position, category, status)
SELECT report_id, position, category, status FROM batch WHERE visibility = 'PUBLIC'
    ON CONFLICT (report_id) DO UPDATE
   SET position = excluded.position, category = excluded.category, status = excluded.status;

-- :on report.status.updated
UPDATE report_rank r SET status = last.new_status
  FROM (SELECT DISTINCT ON (stream) report_id, new_status
          FROM batch WHERE visibility = 'PUBLIC' ORDER BY stream, version DESC) last
 WHERE r.report_id = last.report_id;

-- :on report.edited
UPDATE report_rank r SET category = last.category
  FROM (SELECT DISTINCT ON (stream) report_id, category
          FROM batch WHERE visibility = 'PUBLIC' ORDER BY stream, version DESC) last
 WHERE r.report_id = last.report_id;

-- :on report.merged, report.unmerged
UPDATE report_rank r SET merged_into = last.merged_into
  FROM (SELECT DISTINCT ON (stream) report_id, CASE type WHEN 'report.merged' THEN into_report_id END AS merged_into
          FROM batch WHERE visibility = 'PUBLIC' AND report_id = merged_report_id ORDER BY stream, version DESC) last
 WHERE r.report_id = last.report_id;

-- :on report.upvoted, report.upvote.withdrawn
INSERT INTO report_rank AS r (report_id, votes)
SELECT report_id, sum(CASE type WHEN 'report.upvoted' THEN 1 ELSE -1 END)
  FROM batch GROUP BY 1
    ON CONFLICT (report_id) DO UPDATE SET votes = coalesce(r.votes, 0) + excluded.votes;

-- report_rank.sql -- how many people voted for a report, each counted once also if they voted for several that were
-- merged into one; the feed is sorted by it. What the report's stream says, what the streams of votes say and what
-- follows from both have columns of their own.

-- :tables
CREATE TABLE report_rank (
    report_id uuid PRIMARY KEY,
    votes bigint,               -- for itself; NULL: none yet
    position bigint,            -- of report.created; NULL while only votes have arrived, and of hidden reports
    category text,
    status text,
    merged_into uuid,           -- the report it is the same as; NULL: none
    merged_votes bigint NOT NULL DEFAULT 0, -- people who voted for what is merged into it, not for itself
    vote_count bigint GENERATED ALWAYS AS (coalesce(votes, 0) + merged_votes) STORED
);
CREATE INDEX report_rank_merged ON report_rank (merged_into) WHERE merged_into IS NOT NULL;
-- For queries that show the number: of the reports that have one.
CREATE INDEX report_rank_voted ON report_rank (report_id) WHERE vote_count <> 0;
CREATE TABLE report_voters (report_id uuid, voter text, PRIMARY KEY (report_id, voter));

-- Most votes first, newest first among equals: plain, and by category and status, of which a query
-- without one of them walks the few values there are. A query repeats this WHERE word for word.
CREATE INDEX report_rank_all ON report_rank (vote_count, position)
 WHERE position IS NOT NULL AND status <> 'WITHDRAWN' AND merged_into IS NULL;
CREATE INDEX report_rank_filtered ON report_rank (category, status, vote_count, position)
 WHERE position IS NOT NULL AND status <> 'WITHDRAWN' AND merged_into IS NULL;

-- :members report_id uuid, visibility text, category text, status text, new_status text
-- :members merged_report_id uuid, into_report_id uuid, voter_user_id text

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
INSERT INTO report_rank AS r (report_id, merged_into)
SELECT DISTINCT ON (stream) report_id, CASE type WHEN 'report.merged' THEN into_report_id END
  FROM batch WHERE report_id = merged_report_id ORDER BY stream, version DESC
    ON CONFLICT (report_id) DO UPDATE SET merged_into = excluded.merged_into;

-- :on report.upvoted, report.upvote.withdrawn
INSERT INTO report_rank AS r (report_id, votes)
SELECT report_id, sum(CASE type WHEN 'report.upvoted' THEN 1 ELSE -1 END)
  FROM batch GROUP BY 1
    ON CONFLICT (report_id) DO UPDATE SET votes = coalesce(r.votes, 0) + excluded.votes;

-- :on report.upvoted, report.upvote.withdrawn
MERGE INTO report_voters v
USING (SELECT DISTINCT ON (stream) report_id, voter_user_id AS voter, type
         FROM batch ORDER BY stream, version DESC) last
   ON v.report_id = last.report_id AND v.voter = last.voter
 WHEN MATCHED AND last.type = 'report.upvote.withdrawn' THEN DELETE
 WHEN NOT MATCHED AND last.type = 'report.upvoted' THEN
      INSERT (report_id, voter) VALUES (last.report_id, last.voter);

-- Of each target that the batch is about, by itself or by what is merged into it: at most 100 reports.
-- :on report.merged, report.unmerged, report.upvoted, report.upvote.withdrawn
INSERT INTO report_rank (report_id, merged_votes)
SELECT target.report_id, count(DISTINCT v.voter)
  FROM (SELECT into_report_id AS report_id FROM batch WHERE into_report_id IS NOT NULL
         UNION
        SELECT m.merged_into FROM batch JOIN report_rank m USING (report_id) WHERE m.merged_into IS NOT NULL
         UNION
        SELECT m.merged_into FROM batch JOIN report_rank m ON m.merged_into = batch.report_id) target
  LEFT JOIN report_rank m ON m.merged_into = target.report_id
  LEFT JOIN report_voters v ON v.report_id = m.report_id
   AND NOT EXISTS (SELECT FROM report_voters own WHERE own.report_id = target.report_id AND own.voter = v.voter)
 GROUP BY 1
    ON CONFLICT (report_id) DO UPDATE SET merged_votes = excluded.merged_votes;

-- report_follow.sql -- who follows a report, and how many people do, each counted once also if they follow several
-- that were merged into one.

-- :tables
CREATE TABLE report_follows (
    report_id uuid,
    follower text,              -- user id, or the pseudonym of the report's anonymous author; no query shows it
    PRIMARY KEY (report_id, follower)
);
CREATE TABLE report_followers (
    report_id uuid PRIMARY KEY,
    followers bigint NOT NULL DEFAULT 0,        -- of itself
    merged_followers bigint NOT NULL DEFAULT 0, -- people who follow what is merged into it, and not itself
    follower_count bigint GENERATED ALWAYS AS (followers + merged_followers) STORED
) WITH (fillfactor = 80);
CREATE TABLE report_merges (
    report_id uuid PRIMARY KEY,
    target uuid                 -- the report it is the same as; NULL: none any more
);
CREATE INDEX report_merges_target ON report_merges (target) WHERE target IS NOT NULL;

-- :members report_id uuid, follower_user_id text, follower_pseudonym text
-- :members merged_report_id uuid, into_report_id uuid

-- :on report.followed, report.unfollowed
MERGE INTO report_follows f
USING (SELECT DISTINCT ON (stream) report_id, coalesce(follower_user_id, follower_pseudonym) AS follower, type
         FROM batch ORDER BY stream, version DESC) last
   ON f.report_id = last.report_id AND f.follower = last.follower
 WHEN MATCHED AND last.type = 'report.unfollowed' THEN DELETE
 WHEN NOT MATCHED AND last.type = 'report.followed' THEN
      INSERT (report_id, follower) VALUES (last.report_id, last.follower);

-- :on report.followed, report.unfollowed
INSERT INTO report_followers AS r (report_id, followers)
SELECT report_id, sum(CASE type WHEN 'report.followed' THEN 1 ELSE -1 END)
  FROM batch GROUP BY 1
    ON CONFLICT (report_id) DO UPDATE SET followers = r.followers + excluded.followers;

-- :on report.merged, report.unmerged
INSERT INTO report_merges (report_id, target)
SELECT DISTINCT ON (stream) report_id, CASE type WHEN 'report.merged' THEN into_report_id END
  FROM batch WHERE report_id = merged_report_id ORDER BY stream, version DESC
    ON CONFLICT (report_id) DO UPDATE SET target = excluded.target;

-- Of each target that the batch is about, by itself or by what is merged into it: at most 100 reports.
-- :on report.merged, report.unmerged, report.followed, report.unfollowed
INSERT INTO report_followers (report_id, merged_followers)
SELECT target.report_id, count(DISTINCT f.follower)
  FROM (SELECT into_report_id AS report_id FROM batch WHERE into_report_id IS NOT NULL
         UNION
        SELECT m.target FROM batch JOIN report_merges m USING (report_id) WHERE m.target IS NOT NULL
         UNION
        SELECT m.target FROM batch JOIN report_merges m ON m.target = batch.report_id) target
  LEFT JOIN report_merges m ON m.target = target.report_id
  LEFT JOIN report_follows f ON f.report_id = m.report_id
   AND NOT EXISTS (SELECT FROM report_follows own
                    WHERE own.report_id = target.report_id AND own.follower = f.follower)
 GROUP BY 1
    ON CONFLICT (report_id) DO UPDATE SET merged_followers = excluded.merged_followers;

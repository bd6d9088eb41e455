-- report_follow.sql -- who follows a report, and how many do.

-- :tables
CREATE TABLE report_follows (
    report_id uuid,
    follower text,              -- user id, or the pseudonym of the report's anonymous author; no query shows it
    PRIMARY KEY (report_id, follower)
);
CREATE TABLE report_followers (report_id uuid PRIMARY KEY, followers bigint NOT NULL) WITH (fillfactor = 80);

-- :members report_id uuid, follower_user_id text, follower_pseudonym text

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

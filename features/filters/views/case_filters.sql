-- case_filters.sql -- the filters of the inbox that officers have saved, each for themselves.

-- :tables
CREATE TABLE case_filters (
    user_id text,               -- whose they are: nobody else sees them
    name text,
    version bigint,             -- of the user's stream when it was saved
    filter jsonb,
    saved_at timestamptz,
    PRIMARY KEY (user_id, name)
);

-- :members user_id text, filter_name text, filter jsonb, saved_at timestamptz

-- :on filters.saved, filters.deleted
MERGE INTO case_filters f
USING (SELECT DISTINCT ON (stream, filter_name) user_id, filter_name, version, filter, saved_at
         FROM batch ORDER BY stream, filter_name, version DESC) last
   ON f.user_id = last.user_id AND f.name = last.filter_name
 WHEN MATCHED AND last.filter IS NULL THEN DELETE
 WHEN MATCHED THEN UPDATE SET version = last.version, filter = last.filter, saved_at = last.saved_at
 WHEN NOT MATCHED AND last.filter IS NOT NULL THEN
      INSERT (user_id, name, version, filter, saved_at)
      VALUES (last.user_id, last.filter_name, last.version, last.filter, last.saved_at);

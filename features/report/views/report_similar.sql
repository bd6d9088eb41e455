-- report_similar.sql -- keys by which reports that may be about the same thing are found, the newest first: the
-- cell of the place or, where a report names none, what its text's sketch has. Keys of texts of all reports would
-- cost as much as all other views of a report. What the report says now stands in report_detail. An edit adds keys
-- and takes none away: what is found by an old one is judged by what it says now.

-- :lane search

-- :tables
CREATE TABLE report_similar (
    key bigint,
    hidden boolean,             -- private and anonymous reports
    position bigint,            -- of the event that says so
    report_id uuid
);
CREATE INDEX report_similar_newest ON report_similar (key, hidden, position);

-- :members report_id uuid, visibility text, content text, location jsonb

-- :on report.created, report.edited
INSERT INTO report_similar (key, hidden, position, report_id)
SELECT DISTINCT found.key, visibility <> 'PUBLIC', position, report_id
  FROM batch CROSS JOIN LATERAL (
       SELECT * FROM engine.text_sketch(content, 3) WHERE location IS NULL
        UNION ALL
       SELECT engine.grid_cell((location->>'latitude')::float8, (location->>'longitude')::float8)
        WHERE location IS NOT NULL) AS found (key);

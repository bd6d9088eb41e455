-- report_similar.sql -- keys by which reports that may be about the same thing are found, the newest first: the
-- cell of the place and what the text's sketch has. What the report says now stands in report_detail. An edit
-- adds keys and takes none away: what is found by an old one is judged by what it says now.

-- :tables
CREATE TABLE report_similar (
    key bigint,
    hidden boolean,             -- private and anonymous reports
    report_id uuid,             -- a UUIDv7: the order of filing
    PRIMARY KEY (key, hidden, report_id)
);

-- :members report_id uuid, visibility text, content text, location jsonb

-- :on report.created, report.edited
INSERT INTO report_similar (key, hidden, report_id)
SELECT DISTINCT found.key, visibility <> 'PUBLIC', report_id
  FROM batch CROSS JOIN LATERAL (
       SELECT * FROM engine.text_sketch(content, 6)
        UNION ALL
       SELECT engine.grid_cell((location->>'latitude')::float8, (location->>'longitude')::float8)
        WHERE location IS NOT NULL) AS found (key)
    ON CONFLICT DO NOTHING;

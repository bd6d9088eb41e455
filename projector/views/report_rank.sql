-- report_rank.sql -- a row per public report, to sort the feed by votes. Filter columns come from the
-- report's stream, votes from the vote streams: two upserts with disjoint columns.

-- :tables
CREATE TABLE report_rank (
    report_id uuid PRIMARY KEY,
    votes bigint,               -- NULL: none yet
    position bigint,            -- of report.created; NULL while only votes have arrived
    category text,
    status text
);

-- row.sql -- the table pgbench writes to: es_event with its indexes, positions from a sequence, which
-- costs less than our gapless counter; and the other two tables a create writes to.
CREATE TABLE bench_event (LIKE es_event INCLUDING ALL);
CREATE TABLE bench_stream (LIKE es_stream INCLUDING ALL);
CREATE TABLE bench_result (LIKE es_result INCLUDING ALL);
CREATE SEQUENCE bench_position;

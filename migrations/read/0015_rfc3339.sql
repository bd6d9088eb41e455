-- Every time of every answer has six decimals and `Z`. Still inlined into the queries that call it.
CREATE OR REPLACE FUNCTION engine.rfc3339(moment timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');

-- Every time of every answer has six decimals and `Z`. It is inlined into the queries that
-- call it, so it costs what its one expression costs.
CREATE FUNCTION engine.rfc3339(moment timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');

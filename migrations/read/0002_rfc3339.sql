-- A moment as all answers show it: RFC 3339, UTC, `Z`, no more decimals than needed. Queries call it; it is
-- inlined, so it costs what its one expression costs.
CREATE FUNCTION engine.rfc3339(moment timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN trim('"' FROM to_json(moment AT TIME ZONE 'UTC')::text) || 'Z';

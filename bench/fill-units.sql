-- fill-units.sql -- :count patrols after position :base, straight into the store, with the ids that fix.lua pushes for.
-- Run while no service writes.
BEGIN;
CREATE TEMP TABLE filled ON COMMIT DROP AS
SELECT :base + n AS position, '00000000-0000-7000-8000-1' || lpad((n - 1)::text, 11, '0') AS id, n
  FROM generate_series(1, :count) n;
INSERT INTO es_stream (stream, version, position) SELECT 'patrol-' || id, 1, position FROM filled;
INSERT INTO es_event (position, stream, version, category, event_id, type, schema, data, meta)
SELECT position, 'patrol-' || id, 1, 'patrol', gen_random_uuid(), 'patrol.registered', 1,
       jsonb_build_object('patrol_id', id, 'call_sign', 'U' || n, 'agency', 'AGENCY_SAFETY', 'skills', '[]'::jsonb,
                          'registered_at', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')),
       jsonb_build_object('actor', 'system', 'correlation_id', id)
  FROM filled ORDER BY position;
UPDATE es_counter SET position = :base + :count;
COMMIT;
ANALYZE es_event;
ANALYZE es_stream;

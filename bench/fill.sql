-- fill.sql -- :count reports after position :base, straight into the store, as append_batch would have
-- written them one by one; the counter moves with them. Ids are of version 7, 8 in each millisecond, as a
-- city at its highest rate makes them. Run while no service writes.
BEGIN;
SET LOCAL synchronous_commit = off;
CREATE TEMP TABLE filled ON COMMIT DROP AS
SELECT :base + n AS position, overlay(overlay(gen_random_uuid()::text
           PLACING overlay(lpad(to_hex((extract(epoch FROM now()) * 1000)::bigint + (n - :count) / 8), 12, '0')
                           PLACING '-' FROM 9 FOR 0) FROM 1 FOR 13) PLACING '7' FROM 15 FOR 1)::uuid AS id, n,
       (ARRAY['infrastruktur', 'kebersihan', 'lainnya', 'kesehatan', 'keamanan', 'kriminalitas'])[1 + n % 6] AS category,
       (ARRAY['AGENCY_INFRA', 'AGENCY_INFRA', 'AGENCY_INFRA', 'AGENCY_HEALTH', 'AGENCY_SAFETY', 'AGENCY_SAFETY'])[1 + n % 6] AS agency
  FROM generate_series(1, :count) n;
INSERT INTO es_stream (stream, version, position) SELECT 'report-' || id, 1, position FROM filled;
INSERT INTO es_event (position, stream, version, category, event_id, type, schema, data, meta)
SELECT position, 'report-' || id, 1, 'report', gen_random_uuid(), 'report.created', 2,
       jsonb_build_object('report_id', id, 'reporter_user_id', :'reporter', 'visibility', 'PUBLIC', 'category', category,
                          'kind', CASE category WHEN 'kriminalitas' THEN 'crime' ELSE 'issue' END,
                          'owner_agency', agency, 'status', 'RECEIVED',
                          'content', 'The street light at the corner is out, seen ' || n || ' by a passer-by',
                          'location', jsonb_build_object('latitude', -6.2, 'longitude', 106.8),
                          'created_at', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')),
       jsonb_build_object('actor', :'reporter', 'correlation_id', id)
  FROM filled ORDER BY position;
UPDATE es_counter SET position = :base + :count;
COMMIT;
ANALYZE es_event;
ANALYZE es_stream;

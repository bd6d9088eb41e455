-- fill-dispatch.sql -- :count events after position :base, straight into the store, in three equal parts: patrols with the
-- ids that dispatch.lua names, that each is available, and as many crimes, each at a place of its own, within 33 km by 33 km.
-- What an earlier call made is not made again: numbers go on. Run while no service writes.
BEGIN;
SELECT count(*) AS made FROM es_stream WHERE stream LIKE 'patrol-00000000-0000-7000-8000-2%' \gset
CREATE TEMP TABLE filled ON COMMIT DROP AS
SELECT n, :base + n AS position, lpad((:made + n - 1)::text, 11, '0') AS digits,
       to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at
  FROM generate_series(1, :count / 3) n;
CREATE TEMP TABLE made ON COMMIT DROP AS
SELECT position, 'patrol-00000000-0000-7000-8000-2' || digits AS stream, 1 AS version, 'patrol.registered' AS type, 1 AS schema,
       jsonb_build_object('patrol_id', '00000000-0000-7000-8000-2' || digits, 'call_sign', 'D' || digits, 'agency', 'AGENCY_SAFETY',
                          'skills', '[]'::jsonb, 'registered_at', at) AS data
  FROM filled
 UNION ALL
SELECT position + :count / 3, 'patrol-00000000-0000-7000-8000-2' || digits, 2, 'patrol.status.updated', 1,
       jsonb_build_object('patrol_id', '00000000-0000-7000-8000-2' || digits, 'agency', 'AGENCY_SAFETY', 'old_status', 'off_duty',
                          'new_status', 'available', 'exclusive', false, 'changed_at', at)
  FROM filled
 UNION ALL
SELECT position + 2 * (:count / 3), 'report-00000000-0000-7000-8000-3' || digits, 1, 'report.created', 2,
       jsonb_build_object('report_id', '00000000-0000-7000-8000-3' || digits, 'reporter_user_id', :'reporter', 'visibility', 'PUBLIC',
                          'category', 'kriminalitas', 'kind', 'crime', 'owner_agency', 'AGENCY_SAFETY', 'status', 'RECEIVED',
                          'content', 'A shop window is being broken, number ' || n,
                          'location', jsonb_build_object('latitude', -6.2 + random() * 0.3, 'longitude', 106.8 + random() * 0.3),
                          'created_at', at)
  FROM filled;
INSERT INTO es_stream (stream, version, position) SELECT stream, max(version), max(position) FROM made GROUP BY stream;
INSERT INTO es_event (position, stream, version, category, event_id, type, schema, data, meta)
SELECT position, stream, version, split_part(stream, '-', 1), gen_random_uuid(), type, schema, data,
       jsonb_build_object('actor', 'system', 'correlation_id', substr(stream, 8))
  FROM made ORDER BY position;
UPDATE es_counter SET position = :base + :count;
COMMIT;
ANALYZE es_event;
ANALYZE es_stream;

-- patrol_track.sql -- where a patrol was, oldest first, for who may see where it is. Fixes of one moment are in the order
-- of their digests.
-- who asks: $1 user, $2 role, $3 agency; $4 changes each second; $5 patrol; $6 from this moment, $7 before that one;
-- $8 limit; keys of the last row seen: $9 its time in microseconds, $10 and $11 the upper and lower half of its digest.
-- A digest has a sign and keys have none: the upper half is counted from the least one there is.
-- :with patrol_lines
, seen AS (
    SELECT timestamptz 'epoch' + least($9::bigint, 9000000000000000) * interval '1 microsecond' AS at,
           (($10::bigint - 2147483648) << 32) | $11::bigint AS digest, coalesce($6::timestamptz, '-infinity') AS since
)
-- The fix after which the page begins: the last one seen, or any of the microsecond before `since`.
, beginning AS (
    SELECT greatest(at, since - interval '1 microsecond') AS at,
           CASE WHEN at >= since THEN digest ELSE 9223372036854775807 END AS digest FROM seen
)
SELECT json_build_object('data', coalesce(json_agg(json_build_object(
           'recorded_at', engine.rfc3339(f.at), 'latitude', f.latitude, 'longitude', f.longitude, 'accuracy_m', f.accuracy_m,
           'speed_mps', f.speed_mps, 'heading_deg', f.heading_deg) ORDER BY f.at, f.digest) FILTER (WHERE f.at IS NOT NULL), '[]'))::text,
       (array_agg((extract(epoch FROM f.at) * 1000000)::bigint ORDER BY f.at, f.digest))[$8::int] AS next_at,
       (array_agg((f.digest >> 32) + 2147483648 ORDER BY f.at, f.digest))[$8::int] AS next_upper,
       (array_agg(f.digest & 4294967295 ORDER BY f.at, f.digest))[$8::int] AS next_lower
  FROM patrol_lines p
 CROSS JOIN beginning b
  LEFT JOIN LATERAL (SELECT t.* FROM positions.track t
                      WHERE t.unit = p.patrol_id AND (t.at, t.digest) > (b.at, b.digest)
                        AND t.at < coalesce($7::timestamptz, 'infinity')
                      ORDER BY t.at, t.digest LIMIT $8::int) f ON true
 WHERE p.patrol_id = $5::uuid AND p.sees_it
HAVING count(p.patrol_id) > 0

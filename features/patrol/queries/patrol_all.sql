-- patrol_all.sql -- the patrols in the order in which they were registered or edited; or, near a place, the nearest first,
-- of those whose position who asks may see.
-- who asks: $1 user, $2 role, $3 agency; $4 changes each second; $5 limit; $6, $7 keys of the last row seen;
-- $8 status; $9 available or busy; $10 agency; $11 latitude, $12 longitude
-- :with patrol_lines
, near AS (
    SELECT p.*, d.mm
      FROM patrol_lines p
     CROSS JOIN LATERAL (SELECT CASE WHEN $11::double precision IS NULL THEN 0 ELSE (1000 * postgis.st_distance(
                                    p.place, postgis.st_point($12::double precision, $11::double precision, 4326)::postgis.geography)
                                    )::bigint END AS mm) d
     WHERE ($8::text IS NULL OR p.is_in = $8) AND ($9::text IS NULL OR p.availability = $9)
       AND ($10::text IS NULL OR p.agency = $10) AND (d.mm, p.position) > ($6::bigint, $7::bigint)
     ORDER BY d.mm, p.position LIMIT $5::int
)
SELECT json_build_object('data', coalesce(json_agg(item.json ORDER BY mm, position), '[]'))::text,
       (array_agg(mm ORDER BY mm, position))[$5::int] AS next_mm,
       (array_agg(position ORDER BY mm, position))[$5::int] AS next_position
  FROM near p
 CROSS JOIN LATERAL (SELECT to_json(shown) AS json FROM (
-- :include patrol_members
                , CASE WHEN $11::double precision IS NOT NULL THEN p.mm / 1000 END AS distance_m) shown) item

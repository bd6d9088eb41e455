-- What finds rows that may be about the same thing. A view stores what text_sketch and grid_cell return: who
-- changes one of them has such views rebuilt.
CREATE EXTENSION IF NOT EXISTS pg_trgm; -- similarity(), a trusted extension: the database's owner may

-- Up to `size` numbers that two texts probably share if they have wording in common: the least hashes of all pairs
-- of neighbouring words among the first 400 characters. A btree on them finds the newest texts that share one, and
-- reads no row more, however many there are. Words end at spaces and punctuation; case counts for ASCII letters
-- only. A number may come twice.
CREATE FUNCTION engine.text_sketch(content text, size int) RETURNS SETOF bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 3
BEGIN ATOMIC
    SELECT ('x' || left(md5(one || ' ' || coalesce(next, '')), 16))::bit(64)::bigint AS hash
      FROM (SELECT array_remove(string_to_array(
                       translate(lower(left(content, 400) COLLATE "C"), E'\n\t\r!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~',
                                 repeat(' ', 40)), ' '), '') AS words OFFSET 0) split
     CROSS JOIN unnest(words, words[2:]) AS pair (one, next)
     WHERE next IS NOT NULL OR cardinality(words) = 1
     ORDER BY hash LIMIT size;
END;

-- The cell of a grid of 0.005 degrees, 556 m from south to north.
CREATE FUNCTION engine.grid_cell(latitude float8, longitude float8) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN floor(latitude / 0.005)::bigint * 100000 + floor(longitude / 0.005)::bigint;

-- All cells that hold a place less than so many metres away: a degree of latitude has 111195 m, one of longitude
-- fewer. Not beyond 87 degrees north or south, nor across the 180th meridian.
CREATE FUNCTION engine.grid_cells_around(latitude float8, longitude float8, metres float8) RETURNS SETOF bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 9
BEGIN ATOMIC
    SELECT up * 100000 + across
      FROM (SELECT metres / 111195 AS north, metres / 111195 / greatest(cosd(latitude), 0.05) AS east) reach
     CROSS JOIN LATERAL generate_series(floor((latitude - north) / 0.005)::bigint,
                                        floor((latitude + north) / 0.005)::bigint) AS up
     CROSS JOIN LATERAL generate_series(floor((longitude - east) / 0.005)::bigint,
                                        floor((longitude + east) / 0.005)::bigint) AS across;
END;

-- On a sphere, by the haversine formula.
CREATE FUNCTION engine.distance_m(from_latitude float8, from_longitude float8, to_latitude float8, to_longitude float8)
RETURNS float8 LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN 2 * 6371000 * asin(least(1, sqrt(power(sind((to_latitude - from_latitude) / 2), 2)
                                        + cosd(from_latitude) * cosd(to_latitude)
                                          * power(sind((to_longitude - from_longitude) / 2), 2))));

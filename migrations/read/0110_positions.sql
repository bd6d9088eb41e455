-- Where units are and were: folded from the fixes in Redis (positions/flush.c), not from the log. No view: rebuilding
-- views leaves it alone, and a unit is whatever has this id in them. Queries may read all tables and functions here.
CREATE SCHEMA positions;

-- What has been folded, changed in the same transaction as the rows: so an entry counts once.
CREATE TABLE positions.checkpoint (
    one      boolean PRIMARY KEY DEFAULT true CHECK (one),
    entry    text NOT NULL,                -- id of the last entry read in the stream
    life     text NOT NULL,                -- when that stream began; '' before the first one
    n        bigint NOT NULL               -- the entry's number in it
) WITH (fillfactor = 20);
INSERT INTO positions.checkpoint (entry, life, n) VALUES ('0-0', '', 0);

-- From what age on a position is called stale, or lost; as the projector is set.
CREATE TABLE positions.rules (
    one      boolean PRIMARY KEY DEFAULT true CHECK (one),
    stale_seconds int NOT NULL,
    lost_seconds  int NOT NULL
);
INSERT INTO positions.rules (stale_seconds, lost_seconds) VALUES (60, 300);

-- The newest fix of each unit: by its time, of equal times by the bytes of its text (positions/fix.h).
CREATE TABLE positions.unit_position (
    unit        uuid PRIMARY KEY,
    fix         text COLLATE "C" NOT NULL,
    at          timestamptz NOT NULL,      -- by the clock of who sent it
    place       postgis.geography(Point, 4326) NOT NULL,
    latitude    double precision NOT NULL,
    longitude   double precision NOT NULL,
    accuracy_m  double precision,          -- NULL: not known; the next two as well
    speed_mps   double precision,
    heading_deg double precision,
    received_at timestamptz NOT NULL       -- when this fix first came
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);
CREATE INDEX unit_position_place ON positions.unit_position USING gist (place);

-- Every fix, also late ones, for TRACK_DAYS. `digest` tells fixes of one moment apart.
CREATE TABLE positions.track (
    unit        uuid NOT NULL,
    at          timestamptz NOT NULL,
    digest      bigint NOT NULL,
    latitude    double precision NOT NULL,
    longitude   double precision NOT NULL,
    accuracy_m  real,
    speed_mps   real,
    heading_deg real,
    PRIMARY KEY (unit, at, digest)
);
CREATE INDEX track_at ON positions.track USING brin (at) WITH (pages_per_range = 32);

CREATE FUNCTION positions.measure(word text) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN nullif(word, '-')::double precision;

-- Folds the fixes of the entries up to `new_entry` if the checkpoint is the one named. Answers how many units moved;
-- -1: another projector has moved the checkpoint, nothing was done.
CREATE FUNCTION positions.fold(old_entry text, old_life text, old_n bigint, new_entry text, new_life text, new_n bigint,
                               units text[], moments timestamptz[], fixes text[], receipts timestamptz[]) RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    moved bigint;
BEGIN
    UPDATE positions.checkpoint SET entry = new_entry, life = new_life, n = new_n
     WHERE entry = old_entry AND life = old_life AND n = old_n;
    IF NOT FOUND THEN
        RETURN -1;
    END IF;

    INSERT INTO positions.track (unit, at, digest, latitude, longitude, accuracy_m, speed_mps, heading_deg)
    SELECT b.unit::uuid, b.at, hashtextextended(b.fix, 0), w[2]::float8, w[3]::float8,
           positions.measure(w[4])::real, positions.measure(w[5])::real, positions.measure(w[6])::real
      FROM unnest(units, moments, fixes) AS b (unit, at, fix), string_to_array(b.fix, ' ') AS w
        ON CONFLICT DO NOTHING;

    INSERT INTO positions.unit_position AS p (unit, fix, at, place, latitude, longitude, accuracy_m, speed_mps,
                                              heading_deg, received_at)
    SELECT b.unit, b.fix, b.at, postgis.ST_SetSRID(postgis.ST_MakePoint(w[3]::float8, w[2]::float8), 4326)::postgis.geography,
           w[2]::float8, w[3]::float8, positions.measure(w[4]), positions.measure(w[5]), positions.measure(w[6]), b.received
      FROM (SELECT DISTINCT ON (x.unit) x.unit::uuid, x.at, x.fix, x.received
              FROM unnest(units, moments, fixes, receipts) AS x (unit, at, fix, received)
             ORDER BY x.unit, x.fix COLLATE "C" DESC, x.received) AS b, string_to_array(b.fix, ' ') AS w
     ORDER BY b.unit
        ON CONFLICT (unit) DO UPDATE
       SET fix = excluded.fix, at = excluded.at, place = excluded.place, latitude = excluded.latitude,
           longitude = excluded.longitude, accuracy_m = excluded.accuracy_m, speed_mps = excluded.speed_mps,
           heading_deg = excluded.heading_deg, received_at = excluded.received_at
     WHERE excluded.fix > p.fix OR (excluded.fix = p.fix AND excluded.received_at < p.received_at);
    GET DIAGNOSTICS moved = ROW_COUNT;
    RETURN moved;
END;
$$;

-- Deletes up to `batch` fixes of tracks that are older than so many days; answers how many.
CREATE FUNCTION positions.expire(days int, batch int) RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    gone bigint;
BEGIN
    DELETE FROM positions.track
     WHERE ctid = ANY (ARRAY(SELECT ctid FROM positions.track
                              WHERE at < now() - make_interval(days => days) LIMIT batch));
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END;
$$;

-- What a position of that time is called: live, stale or lost; NULL for none.
CREATE FUNCTION positions.freshness(at timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT CASE WHEN at >= now() - make_interval(secs => stale_seconds) THEN 'live'
                    WHEN at >= now() - make_interval(secs => lost_seconds) THEN 'stale'
                    WHEN at IS NOT NULL THEN 'lost' END
          FROM positions.rules);

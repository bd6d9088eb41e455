-- The event store: the truth. Positions are gapless, 1, 2, 3 …: they come from one counter row inside the
-- append transaction, so position order = commit order = visible order, and a reader that asks for
-- `position > last` never misses one (a sequence is drawn before the commit and does).

-- Which log this is, and which life of it: a restore raises the epoch, and every reader meeting
-- another one stops.
CREATE TABLE es_store (
    one      boolean PRIMARY KEY DEFAULT true CHECK (one),
    store_id uuid NOT NULL,
    epoch    bigint NOT NULL CHECK (epoch > 0),
    -- The first whole second in which nothing of an older life was issued: tokens count in seconds. A new life
    -- ends every session and every token of the lives before it: what a backup does not know of them (a log-out,
    -- an account disabled since) cannot be asked any more.
    raised   timestamptz NOT NULL DEFAULT 'epoch'
);
INSERT INTO es_store (store_id, epoch) VALUES (gen_random_uuid(), 1);

CREATE FUNCTION es_store_raised() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    NEW.raised := date_trunc('second', clock_timestamp()) + interval '1 second';
    RETURN NEW;
END;
$$;
-- Whoever raises the epoch: it cannot be forgotten.
CREATE TRIGGER es_store_raised BEFORE UPDATE ON es_store
   FOR EACH ROW WHEN (NEW.epoch <> OLD.epoch) EXECUTE FUNCTION es_store_raised();

-- The last position given out. One row, updated by every append: dead rows must go early.
CREATE TABLE es_counter (
    one      boolean PRIMARY KEY DEFAULT true CHECK (one),
    position bigint NOT NULL
) WITH (fillfactor = 20, autovacuum_vacuum_threshold = 50, autovacuum_vacuum_scale_factor = 0,
        autovacuum_vacuum_cost_delay = 0);
INSERT INTO es_counter (position) VALUES (0);

-- Only streams that were written have a row; no row means version 0.
CREATE TABLE es_stream (
    stream   text PRIMARY KEY,
    version  bigint NOT NULL,
    position bigint NOT NULL           -- of its last event
) WITH (fillfactor = 80);

-- As text an event is stored and read without being taken apart, and every reader gets the same bytes. What
-- json takes and jsonb refuses, such as a NUL, needs an escape with \u: only then jsonb is asked.
CREATE TABLE es_event (
    position bigint NOT NULL UNIQUE,
    stream   text NOT NULL,
    version  bigint NOT NULL,
    category text NOT NULL,            -- decides the Redis key and who may read it
    event_id uuid NOT NULL UNIQUE,
    type     text NOT NULL,
    schema   int NOT NULL,
    data     json NOT NULL CHECK (strpos(data::text, '\u') = 0 OR data::jsonb IS NOT NULL),
    meta     json NOT NULL CHECK (strpos(meta::text, '\u') = 0 OR meta::jsonb IS NOT NULL), -- correlation_id, causation_id, traceparent, actor
    recorded timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (stream, version)
);
CREATE INDEX es_event_category ON es_event (category, position);

-- Answers to commands, for replay under the same key. No plain key, no body of a request. The key alone finds a
-- row; the actor makes it the right one.
CREATE TABLE es_result (
    actor    text NOT NULL,            -- user id, pseudonym, 'anonymous' or 'system'
    key      text NOT NULL,            -- keyed hash
    digest   text NOT NULL,            -- keyed hash of command, path and body
    status   int NOT NULL,
    body     text NOT NULL,
    version  bigint NOT NULL,
    position bigint NOT NULL,
    answered timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (key, actor)
);
CREATE INDEX es_result_answered ON es_result (answered);

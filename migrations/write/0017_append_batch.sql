-- append_batch -- up to 64 commands, decided against versions the caller loaded, in one transaction.
-- In place of the one of 0002. It only compares and numbers; no two commands depend on each other (none
-- writes a stream that another one looks at, no key occurs twice).
--
-- c_*: one element a command; c_last is the index of its last event, 0 if it has none; c_status of
--      400 and more is a refusal: its versions are confirmed, nothing is stored.
-- s_*: one element per (command, stream): the version it was loaded with, whether it is written.
-- e_*: one element an event, in the order they are numbered. Indexes begin at 1.
-- Returns one row a command: its outcome, the answer of a replayed one, version and position.
--
-- Order of locks: streams that exist sorted by name, the counter last; rows of new streams are made by
-- whoever holds the counter. Two calls that make one stream at once: the second one waits for the
-- counter and fails with 23505, whole; sent again it meets the first one's outcome.
-- VOLATILE and READ COMMITTED, so that each statement sees what was committed while the locks were
-- waited for.

-- As text an event is stored and read without being taken apart, and every reader gets the same bytes.
-- What json takes and jsonb refuses, such as a NUL, needs an escape with \u: only then jsonb is asked.
ALTER TABLE es_event ALTER COLUMN data TYPE json, ALTER COLUMN meta TYPE json,
    ADD CHECK (strpos(data::text, '\u') = 0 OR data::jsonb IS NOT NULL),
    ADD CHECK (strpos(meta::text, '\u') = 0 OR meta::jsonb IS NOT NULL);

-- The key alone finds a row; the actor makes it the right one.
ALTER TABLE es_result DROP CONSTRAINT es_result_actor_key_key, ADD UNIQUE (key, actor);
-- Rows lie in the order of their time: a summary of every few pages finds the old ones.
DROP INDEX es_result_answered;
CREATE INDEX es_result_answered ON es_result USING brin (answered) WITH (autosummarize = on);

DROP FUNCTION append_batch;
CREATE FUNCTION append_batch(
    c_actor text[], c_key text[], c_digest text[], c_status int[], c_body text[],
    c_version bigint[], c_position bigint[], c_last int[],
    s_command int[], s_stream text[], s_version bigint[], s_written boolean[],
    e_command int[], e_stream text[], e_version bigint[], e_category text[], e_id uuid[],
    e_type text[], e_schema int[], e_data json[], e_meta json[])
RETURNS TABLE (command int, outcome text, status int, body text, version bigint, "position" bigint)
LANGUAGE plpgsql VOLATILE
AS $$
#variable_conflict use_column
DECLARE
    is_open    boolean[] := array_fill(true, ARRAY[cardinality(c_key)]);
    closed     text[] := array_fill(NULL::text, ARRAY[cardinality(c_key)]);
    old_status int[];
    old_body   text[];
    versions   bigint[] := c_version;
    positions  bigint[] := c_position;
    known      text[];
    numbers    bigint[];
    events     bigint;
    base       bigint;
    found      record;
BEGIN
    known := ARRAY(SELECT s.stream FROM unnest(s_stream, s_version) AS s(stream, version) WHERE s.version > 0);
    IF known <> '{}' THEN
        PERFORM 1 FROM es_stream t WHERE t.stream = ANY (known) ORDER BY t.stream FOR UPDATE;
    END IF;

    FOR found IN
        SELECT array_position(c_key, r.key) AS n, r.* FROM es_result r WHERE r.key = ANY (c_key)
    LOOP
        CONTINUE WHEN found.actor <> c_actor[found.n];
        is_open[found.n] := false;
        IF found.digest = c_digest[found.n] THEN
            closed[found.n] := 'replayed';
            old_status[found.n] := found.status;
            old_body[found.n] := found.body;
            versions[found.n] := found.version;
            positions[found.n] := found.position;
        ELSE
            closed[found.n] := 'key_reused';
        END IF;
    END LOOP;

    FOR found IN
        SELECT DISTINCT s.command
          FROM unnest(s_command, s_stream, s_version) AS s(command, stream, version)
          LEFT JOIN es_stream t ON t.stream = s.stream
         WHERE s.version <> coalesce(t.version, 0)
    LOOP
        IF is_open[found.command] THEN
            is_open[found.command] := false;
            closed[found.command] := 'stale';
        END IF;
    END LOOP;

    -- How many events there are up to each of them, counting those of open commands.
    numbers := ARRAY(SELECT count(*) FILTER (WHERE is_open[e.command]) OVER (ORDER BY e.n)
                       FROM unnest(e_command) WITH ORDINALITY AS e(command, n));
    events := numbers[cardinality(numbers)];
    IF events > 0 THEN
        UPDATE es_counter SET position = position + events RETURNING position - events INTO base;

        INSERT INTO es_event (position, stream, version, category, event_id, type, schema, data, meta)
        SELECT base + numbers[e.n], e.stream, e.version, e.category, e.id, e.type, e.schema, e.data, e.meta
          FROM unnest(e_command, e_stream, e_version, e_category, e_id, e_type, e_schema, e_data, e_meta)
               WITH ORDINALITY AS e(command, stream, version, category, id, type, schema, data, meta, n)
         WHERE is_open[e.command];

        INSERT INTO es_stream (stream, version, position)
        SELECT e.stream, max(e.version), base + max(numbers[e.n])
          FROM unnest(e_command, e_stream, e_version) WITH ORDINALITY AS e(command, stream, version, n)
         WHERE is_open[e.command] GROUP BY e.stream HAVING min(e.version) = 1;

        IF known <> '{}' THEN
            UPDATE es_stream t SET version = l.version, position = l.position
              FROM (SELECT e.stream, max(e.version) AS version, base + max(numbers[e.n]) AS position
                      FROM unnest(e_command, e_stream, e_version)
                           WITH ORDINALITY AS e(command, stream, version, n)
                     WHERE is_open[e.command] GROUP BY e.stream HAVING min(e.version) > 1) l
             WHERE t.stream = l.stream;
        END IF;
    END IF;

    INSERT INTO es_result (actor, key, digest, status, body, version, position)
    SELECT c.actor, c.key, c.digest, c.status, c.body,
           coalesce(e_version[c.last], c.version), coalesce(base + numbers[c.last], c.position)
      FROM unnest(is_open, c_actor, c_key, c_digest, c_status, c_body, c_version, c_position, c_last)
           AS c(is_open, actor, key, digest, status, body, version, position, last)
     WHERE c.is_open AND c.status < 400;

    RETURN QUERY
    SELECT c.n::int, coalesce(closed[c.n], CASE WHEN c.last > 0 THEN 'committed' ELSE 'checked' END),
           old_status[c.n], old_body[c.n],
           CASE WHEN c.is_open THEN coalesce(e_version[c.last], c.version) ELSE c.version END,
           CASE WHEN c.is_open THEN coalesce(base + numbers[c.last], c.position) ELSE c.position END
      FROM unnest(is_open, c_last, versions, positions)
           WITH ORDINALITY AS c(is_open, last, version, position, n)
     ORDER BY c.n;
END;
$$;

-- append_user_event -- appends one event to user-<id> whatever its version is, inside the caller's
-- transaction, through append_batch: the only way into the log. The stream is locked first, so its
-- version cannot move in between. Returns the event's position.
CREATE OR REPLACE FUNCTION append_user_event(p_user uuid, p_event uuid, p_type text, p_schema int, p_data jsonb,
                                             p_meta jsonb)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    p_stream text := 'user-' || p_user;
    loaded   bigint;
    done     record;
BEGIN
    SELECT version INTO loaded FROM es_stream WHERE stream = p_stream FOR UPDATE;
    loaded := coalesce(loaded, 0);
    SELECT * INTO done FROM append_batch(
        ARRAY['system'], ARRAY[p_event::text], ARRAY[p_type], ARRAY[200], ARRAY[''], ARRAY[0::bigint],
        ARRAY[0::bigint], ARRAY[1],
        ARRAY[1], ARRAY[p_stream], ARRAY[loaded], ARRAY[true],
        ARRAY[1], ARRAY[p_stream], ARRAY[loaded + 1], ARRAY['user'], ARRAY[p_event],
        ARRAY[p_type], ARRAY[p_schema], ARRAY[p_data::json], ARRAY[p_meta::json]);
    IF done.outcome NOT IN ('committed', 'replayed') THEN
        RAISE 'append_user_event: %', done.outcome;
    END IF;
    RETURN done.position;
END;
$$;

-- expire_results -- deletes answers older than `days`, at most `most` at a time, so that no lock is held
-- for long. Returns how many went.
CREATE OR REPLACE FUNCTION expire_results(days int, most int) RETURNS bigint
LANGUAGE sql VOLATILE
SET enable_seqscan = off
AS $$
    WITH gone AS (
        DELETE FROM es_result
         WHERE ctid = ANY (ARRAY(SELECT ctid FROM es_result
                                  WHERE answered < now() - make_interval(days => days) LIMIT most))
        RETURNING 1)
    SELECT count(*) FROM gone;
$$;

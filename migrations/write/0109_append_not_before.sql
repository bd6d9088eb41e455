-- append_batch -- up to 64 commands, decided against versions the caller loaded, in one transaction.
-- It only compares and numbers; no two commands depend on each other (none writes a stream that another one
-- reads, no key occurs twice).
--
-- c_*: one element a command; c_version is what its answer tells: that of the stream it is about, as it is
--      after the command; c_last is the index of its last event, 0 if it has none: then c_position is what the
--      answer tells. c_status of 400 and more is a refusal: its versions are confirmed, nothing is stored.
-- k_*: the streams that exist, each once and sorted by name, and the versions they were loaded with.
-- l_*: one element per command and stream it only reads, with its version; 0: it does not exist.
-- w_*: likewise of those it writes; w_last is the index of its last event there.
-- e_*: one element an event, in the order they are numbered. Indexes begin at 1.
-- c_not_before: a command is not to be stored before that moment, NULL: whenever. One whose moment is later
--      than the reading of the clock that its events would carry as `recorded` is 'early': nothing of it is stored,
--      and what is stored of the others has no gap. It is so of a new key and of versions that hold.
--      NULL: no command has a moment.
-- p_epoch: the life of the log the caller loaded its states from; another one refuses the whole batch with
--      SQLSTATE NE001. NULL: whatever it is, of a function that reads and appends in one transaction. Who
--      raises the epoch takes the counter first, so no append is caught between the comparison and its commit.
-- Returns one row a command: its outcome, the answer of a replayed one, version and position.
--
-- Nearly always every version holds and every key is new, and so is every stream said not to exist.
-- The versions are compared as a whole; of keys and new streams the unique indexes tell when their rows
-- are inserted, and nothing is searched for before. Who meets a row that is there takes everything back
-- and goes through the batch once more, looking up all of it, with the counter in hand: no other call
-- can then add what it does not find. The rows taken back stay behind dead, those of one pass a call.
-- A batch with moments goes through it like that at once: of what is not inserted no index tells, and the
-- clock is read with the counter in hand, so that events are recorded in the order of their positions.
--
-- Order of locks: streams that exist sorted by name, the counter last. Rows of es_result, es_stream and
-- es_event are written by whoever holds the counter, so to insert one never means to wait for a call.
-- VOLATILE and READ COMMITTED, so that each statement sees what was committed while the locks were
-- waited for.
DROP FUNCTION append_batch;
CREATE FUNCTION append_batch(
    c_actor text[], c_key text[], c_digest text[], c_status int[], c_body text[],
    c_version bigint[], c_position bigint[], c_last int[],
    k_stream text[], k_version bigint[],
    l_command int[], l_stream text[], l_version bigint[],
    w_command int[], w_stream text[], w_version bigint[], w_last int[],
    e_command int[], e_stream text[], e_version bigint[], e_category text[], e_id uuid[],
    e_type text[], e_schema int[], e_data json[], e_meta json[], p_epoch bigint DEFAULT NULL,
    c_not_before timestamptz[] DEFAULT NULL)
RETURNS TABLE (command int, outcome text, status int, body text, version bigint, "position" bigint)
LANGUAGE plpgsql VOLATILE
AS $$
#variable_conflict use_column
DECLARE
    thorough boolean := c_not_before IS NOT NULL; -- looks up everything, with the counter in hand
BEGIN
LOOP
DECLARE
    now_at     bigint[];         -- versions of k_stream
    closed     text[];           -- outcomes of commands that write nothing; NULL: of none
    old_status int[];
    old_body   text[];
    versions   bigint[] := c_version;
    positions  bigint[] := c_position;
    numbers    bigint[];         -- of the events, counting those of open commands; NULL: all are
    events     bigint;
    writes     boolean;
    base       bigint;
    read_at    timestamptz;      -- of the clock; NULL: no command has a moment
    found      record;
BEGIN
    IF k_stream <> '{}' THEN
        now_at := ARRAY(SELECT t.version FROM es_stream t
                         WHERE t.stream = ANY (k_stream) ORDER BY t.stream FOR UPDATE);
    END IF;
    IF thorough THEN
        PERFORM 1 FROM es_counter FOR UPDATE;
    END IF;
    IF c_not_before IS NOT NULL THEN
        read_at := clock_timestamp();
    END IF;

    IF thorough OR now_at <> k_version OR 0 = ANY (l_version) THEN
        FOR found IN
            SELECT s.command
              FROM unnest(l_command || w_command, l_stream || w_stream, l_version || w_version)
                   AS s(command, stream, version)
              LEFT JOIN es_stream t ON t.stream = s.stream
             WHERE s.version <> coalesce(t.version, 0)
        LOOP
            closed[found.command] := 'stale';
        END LOOP;
    END IF;

    -- A key shows itself when its answer is stored: those that store none are looked up.
    IF thorough OR closed IS NOT NULL OR 400 <= ANY (c_status) THEN
        FOR found IN
            SELECT array_position(c_key, r.key) AS n, r.* FROM es_result r WHERE r.key = ANY (c_key)
        LOOP
            CONTINUE WHEN found.actor <> c_actor[found.n];
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
    END IF;

    IF read_at IS NOT NULL THEN
        FOR found IN
            SELECT c.n FROM unnest(c_not_before) WITH ORDINALITY AS c(moment, n) WHERE c.moment > read_at
        LOOP
            closed[found.n] := coalesce(closed[found.n], 'early');
        END LOOP;
    END IF;

    events := coalesce(cardinality(e_command), 0);
    IF closed IS NOT NULL THEN
        numbers := ARRAY(SELECT count(*) FILTER (WHERE closed[e.command] IS NULL) OVER (ORDER BY e.n)
                           FROM unnest(e_command) WITH ORDINALITY AS e(command, n));
        events := coalesce(numbers[events], 0);
    END IF;

    writes := events > 0 OR EXISTS (SELECT FROM unnest(c_status) WITH ORDINALITY AS c(status, n)
                                     WHERE c.status < 400 AND closed[c.n] IS NULL);
    IF writes THEN
        UPDATE es_counter SET position = position + events RETURNING position - events INTO base;
    END IF;
    IF p_epoch <> (SELECT epoch FROM es_store WHERE one) THEN
        RAISE EXCEPTION 'the log has begun another epoch than %', p_epoch USING ERRCODE = 'NE001';
    END IF;
    IF writes THEN
        INSERT INTO es_result (actor, key, digest, status, body, version, position)
        SELECT c.actor, c.key, c.digest, c.status, c.body, c.version,
               CASE WHEN c.last > 0 THEN base + coalesce(numbers[c.last], c.last) ELSE c.position END
          FROM unnest(c_actor, c_key, c_digest, c_status, c_body, c_version, c_position, c_last)
               WITH ORDINALITY AS c(actor, key, digest, status, body, version, position, last, n)
         WHERE closed[c.n] IS NULL AND c.status < 400;
    END IF;
    IF events > 0 THEN
        INSERT INTO es_stream (stream, version, position)
        SELECT w.stream, e_version[w.last], base + coalesce(numbers[w.last], w.last)
          FROM unnest(w_command, w_stream, w_version, w_last) AS w(command, stream, version, last)
         WHERE w.version = 0 AND closed[w.command] IS NULL;

        IF 0 < ANY (w_version) THEN
            UPDATE es_stream t SET version = e_version[w.last], position = base + coalesce(numbers[w.last], w.last)
              FROM unnest(w_command, w_stream, w_version, w_last) AS w(command, stream, version, last)
             WHERE t.stream = w.stream AND w.version > 0 AND closed[w.command] IS NULL;
        END IF;

        INSERT INTO es_event (position, stream, version, category, event_id, type, schema, data, meta,
                              recorded)
        SELECT base + coalesce(numbers[e.n], e.n), e.stream, e.version, e.category, e.id, e.type, e.schema,
               e.data, e.meta, coalesce(read_at, clock_timestamp())
          FROM unnest(e_command, e_stream, e_version, e_category, e_id, e_type, e_schema, e_data, e_meta)
               WITH ORDINALITY AS e(command, stream, version, category, id, type, schema, data, meta, n)
         WHERE closed[e.command] IS NULL;
    END IF;

    RETURN QUERY
    SELECT c.n::int, coalesce(closed[c.n], CASE WHEN c.last > 0 THEN 'committed' ELSE 'checked' END),
           old_status[c.n], old_body[c.n],
           c.version,
           CASE WHEN closed[c.n] IS NULL AND c.last > 0 THEN base + coalesce(numbers[c.last], c.last)
                ELSE c.position END
      FROM unnest(c_last, versions, positions) WITH ORDINALITY AS c(last, version, position, n)
     ORDER BY c.n;
    RETURN;
EXCEPTION WHEN unique_violation THEN
    IF thorough THEN
        RAISE;
    END IF;
    thorough := true;
END;
END LOOP;
END;
$$;

-- append_batch -- up to 64 commands, decided against versions the caller loaded, in one transaction.
-- It only compares and numbers; no two commands depend on each other (none writes a stream that
-- another one looks at, no key occurs twice).
--
-- c_*: one element a command; c_last is the index of its last event, 0 if it has none; c_status of
--      400 and more is a refusal: its versions are confirmed, nothing is stored.
-- s_*: one element per (command, stream): the version it was loaded with, whether it is written.
-- e_*: one element an event, in the order they are numbered. Indexes begin at 1.
-- Returns one row a command: its outcome and the answer that counts.
--
-- Order of locks: streams sorted by name, the counter last. VOLATILE and READ COMMITTED, so that each
-- statement sees what was committed while the locks were waited for.
CREATE FUNCTION append_batch(
    c_actor text[], c_key text[], c_digest text[], c_status int[], c_body text[],
    c_version bigint[], c_position bigint[], c_last int[],
    s_command int[], s_stream text[], s_version bigint[], s_written boolean[],
    e_command int[], e_stream text[], e_version bigint[], e_category text[], e_id uuid[],
    e_type text[], e_schema int[], e_data jsonb[], e_meta jsonb[])
RETURNS TABLE (command int, outcome text, status int, body text, version bigint, "position" bigint)
LANGUAGE plpgsql VOLATILE
AS $$
#variable_conflict use_column
DECLARE
    outcomes   text[] := array_fill('open'::text, ARRAY[cardinality(c_key)]);
    old_status int[] := c_status;
    old_body   text[] := c_body;
    versions   bigint[] := c_version;
    positions  bigint[] := c_position;
    open_events int;
    base       bigint;
    found      record;
BEGIN
    INSERT INTO es_stream (stream, version, position)
    SELECT DISTINCT s.stream, 0, 0
      FROM unnest(s_stream, s_written) AS s(stream, written) WHERE s.written
     ORDER BY 1 ON CONFLICT DO NOTHING;

    PERFORM 1 FROM es_stream t WHERE t.stream = ANY (s_stream) ORDER BY t.stream FOR UPDATE;

    FOR found IN
        SELECT c.n, r.* FROM unnest(c_actor, c_key) WITH ORDINALITY AS c(actor, key, n)
          JOIN es_result r ON r.actor = c.actor AND r.key = c.key
    LOOP
        IF found.digest = c_digest[found.n] THEN
            outcomes[found.n] := 'replayed';
            old_status[found.n] := found.status;
            old_body[found.n] := found.body;
            versions[found.n] := found.version;
            positions[found.n] := found.position;
        ELSE
            outcomes[found.n] := 'key_reused';
        END IF;
    END LOOP;

    FOR found IN
        SELECT DISTINCT s.command
          FROM unnest(s_command, s_stream, s_version) AS s(command, stream, version)
          LEFT JOIN es_stream t ON t.stream = s.stream
         WHERE s.version <> coalesce(t.version, 0)
    LOOP
        IF outcomes[found.command] = 'open' THEN
            outcomes[found.command] := 'stale';
        END IF;
    END LOOP;

    SELECT count(*) INTO open_events FROM unnest(e_command) AS e(command) WHERE outcomes[e.command] = 'open';
    IF open_events > 0 THEN
        UPDATE es_counter SET position = position + open_events RETURNING position - open_events INTO base;

        WITH numbered AS (
            SELECT e.*, base + row_number() OVER (ORDER BY e.n) AS position
              FROM unnest(e_command, e_stream, e_version, e_category, e_id, e_type, e_schema, e_data, e_meta)
                   WITH ORDINALITY AS e(command, stream, version, category, id, type, schema, data, meta, n)
             WHERE outcomes[e.command] = 'open'
        ), stored AS (
            INSERT INTO es_event (position, stream, version, category, event_id, type, schema, data, meta)
            SELECT n.position, n.stream, n.version, n.category, n.id, n.type, n.schema, n.data, n.meta
              FROM numbered n
        ), moved AS (
            UPDATE es_stream t SET version = l.version, position = l.position
              FROM (SELECT DISTINCT ON (stream) stream, version, position
                      FROM numbered ORDER BY stream, version DESC) l
             WHERE t.stream = l.stream
        )
        SELECT array_agg(coalesce(n.version, c.version) ORDER BY c.n),
               array_agg(coalesce(n.position, c.position) ORDER BY c.n)
          INTO versions, positions
          FROM unnest(versions, positions, c_last) WITH ORDINALITY AS c(version, position, last, n)
          LEFT JOIN numbered n ON n.n = c.last;
    END IF;

    INSERT INTO es_result (actor, key, digest, status, body, version, position)
    SELECT c.actor, c.key, c.digest, c.status, c.body, c.version, c.position
      FROM unnest(outcomes, c_actor, c_key, c_digest, c_status, c_body, versions, positions)
           AS c(outcome, actor, key, digest, status, body, version, position)
     WHERE c.outcome = 'open' AND c.status < 400;

    -- Rows made above for streams that stay unwritten. They go in the transaction that made them, so
    -- nobody else ever sees a row of version 0, or waits for one that is deleted.
    IF outcomes <> array_fill('open'::text, ARRAY[cardinality(c_key)]) THEN
        DELETE FROM es_stream t WHERE t.stream = ANY (s_stream) AND t.version = 0;
    END IF;

    RETURN QUERY
    SELECT c.n::int,
           CASE WHEN c.outcome <> 'open' THEN c.outcome
                WHEN c.last > 0 THEN 'committed' ELSE 'checked' END,
           c.status, c.body, c.version, c.position
      FROM unnest(outcomes, c_last, old_status, old_body, versions, positions)
           WITH ORDINALITY AS c(outcome, last, status, body, version, position, n)
     ORDER BY c.n;
END;
$$;

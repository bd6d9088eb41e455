-- append_user_event -- appends one event to user-<id> whatever its version is, inside the caller's
-- transaction, through append_batch: the only way into the log. The stream is locked first, so its
-- version cannot move in between. Returns the event's position.
CREATE FUNCTION append_user_event(p_user uuid, p_event uuid, p_type text, p_schema int, p_data jsonb, p_meta jsonb)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    p_stream text := 'user-' || p_user;
    loaded   bigint;
    done     record;
BEGIN
    INSERT INTO es_stream (stream, version, position) VALUES (p_stream, 0, 0) ON CONFLICT DO NOTHING;
    SELECT version INTO loaded FROM es_stream WHERE stream = p_stream FOR UPDATE;
    SELECT * INTO done FROM append_batch(
        ARRAY['system'], ARRAY[p_event::text], ARRAY[p_type], ARRAY[200], ARRAY[''], ARRAY[0::bigint],
        ARRAY[0::bigint], ARRAY[1],
        ARRAY[1], ARRAY[p_stream], ARRAY[loaded], ARRAY[true],
        ARRAY[1], ARRAY[p_stream], ARRAY[loaded + 1], ARRAY['user'], ARRAY[p_event],
        ARRAY[p_type], ARRAY[p_schema], ARRAY[p_data], ARRAY[p_meta]);
    IF done.outcome NOT IN ('committed', 'replayed') THEN
        RAISE 'append_user_event: %', done.outcome;
    END IF;
    RETURN done.position;
END;
$$;

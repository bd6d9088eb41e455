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
    SELECT version INTO loaded FROM es_stream WHERE stream = p_stream FOR UPDATE;
    loaded := coalesce(loaded, 0);
    SELECT * INTO done FROM append_batch(
        ARRAY['system'], ARRAY[p_event::text], ARRAY[p_type], ARRAY[200], ARRAY[''], ARRAY[loaded + 1],
        ARRAY[0::bigint], ARRAY[1],
        CASE WHEN loaded > 0 THEN ARRAY[p_stream] END, CASE WHEN loaded > 0 THEN ARRAY[loaded] END,
        NULL, NULL, NULL,
        ARRAY[1], ARRAY[p_stream], ARRAY[loaded], ARRAY[1],
        ARRAY[1], ARRAY[p_stream], ARRAY[loaded + 1], ARRAY['user'], ARRAY[p_event],
        ARRAY[p_type], ARRAY[p_schema], ARRAY[p_data::json], ARRAY[p_meta::json]);
    IF done.outcome NOT IN ('committed', 'replayed') THEN
        RAISE 'append_user_event: %', done.outcome;
    END IF;
    RETURN done.position;
END;
$$;

-- end_session -- ends a family of refresh tokens and says so in the log, in one commit; access tokens
-- of the session are refused by whoever reads the event. False if it has ended before, or never was.
CREATE FUNCTION end_session(p_session uuid, p_user uuid, p_event uuid, p_schema int, p_data jsonb, p_meta jsonb)
RETURNS boolean
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
    UPDATE account_session SET ended = clock_timestamp(), expires = clock_timestamp()
     WHERE session_id = p_session AND user_id = p_user AND ended IS NULL;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM append_user_event(p_user, p_event, 'user.session.ended', p_schema, p_data, p_meta);
    RETURN true;
END;
$$;

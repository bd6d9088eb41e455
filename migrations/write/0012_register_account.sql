-- register_account -- the account and its `user.registered`, in one commit. Returns the event's
-- position, NULL if the name is taken. Repeated with the same user id (its answer was lost) it
-- returns the same position.
CREATE FUNCTION register_account(p_user uuid, p_name text, p_hash text, p_role text, p_agency text,
                                 p_event uuid, p_schema int, p_data jsonb, p_meta jsonb)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
    INSERT INTO account (user_id, user_name, password_hash, role, agency)
    VALUES (p_user, p_name, p_hash, p_role, p_agency) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN (SELECT e.position FROM account a JOIN es_event e ON e.event_id = p_event WHERE a.user_id = p_user);
    END IF;
    RETURN append_user_event(p_user, p_event, 'user.registered', p_schema, p_data, p_meta);
END;
$$;

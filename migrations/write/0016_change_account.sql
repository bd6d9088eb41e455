-- What an operator changes in an account that exists. Each is one commit with the events by which every
-- service hears of it. The account's row is locked first: a log-in that has seen the old row waits, and
-- then finds the new one.

-- A UUIDv7, for events that are made here because only the rows tell how many there are.
CREATE FUNCTION new_event_id() RETURNS uuid
LANGUAGE sql VOLATILE
RETURN encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) PLACING
    substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6),
    52, 1), 53, 1), 'hex')::uuid;

-- end_sessions -- ends every living family of refresh tokens of a user. p_data is the
-- `user.session.ended` without the session's id. Returns how many there were.
CREATE FUNCTION end_sessions(p_user uuid, p_schema int, p_data jsonb, p_meta jsonb) RETURNS int
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    s       uuid;
    were    int := 0;
BEGIN
    FOR s IN SELECT session_id FROM account_session
              WHERE user_id = p_user AND ended IS NULL ORDER BY session_id LOOP
        IF end_session(s, p_user, new_event_id(), p_schema,
                       p_data || jsonb_build_object('session_id', s), p_meta) THEN
            were := were + 1;
        END IF;
    END LOOP;
    RETURN were;
END;
$$;

-- disable_account -- nobody logs in with it any more, and whoever did is out. Returns the sessions that
-- ended, NULL if there is no such account.
CREATE FUNCTION disable_account(p_user uuid, p_schema int, p_data jsonb, p_meta jsonb) RETURNS int
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
    UPDATE account SET disabled = true WHERE user_id = p_user;
    RETURN CASE WHEN FOUND THEN end_sessions(p_user, p_schema, p_data, p_meta) END;
END;
$$;

-- change_password -- the same with another password instead.
CREATE FUNCTION change_password(p_user uuid, p_hash text, p_schema int, p_data jsonb, p_meta jsonb) RETURNS int
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
    UPDATE account SET password_hash = p_hash WHERE user_id = p_user;
    RETURN CASE WHEN FOUND THEN end_sessions(p_user, p_schema, p_data, p_meta) END;
END;
$$;

-- change_role -- another role or agency, and its `user.role.changed`; p_data comes without the role
-- version. Returns the role version that counts now, NULL if there is no such account. Repeated (its
-- answer was lost), or with what the account has already, it changes nothing.
CREATE FUNCTION change_role(p_user uuid, p_role text, p_agency text, p_event uuid, p_schema int,
                            p_data jsonb, p_meta jsonb)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    a account;
BEGIN
    SELECT * INTO a FROM account t WHERE t.user_id = p_user FOR UPDATE;
    IF a.role = p_role AND a.agency IS NOT DISTINCT FROM p_agency THEN
        RETURN a.role_version;
    END IF;
    UPDATE account t SET role = p_role, agency = p_agency, role_version = a.role_version + 1
     WHERE t.user_id = p_user;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    PERFORM append_user_event(p_user, p_event, 'user.role.changed', p_schema,
                              p_data || jsonb_build_object('role_version', a.role_version + 1), p_meta);
    RETURN a.role_version + 1;
END;
$$;

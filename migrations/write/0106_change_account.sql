-- What an operator changes in an account that exists: one row and one event, whose raised role version
-- refuses every access token issued before, in every service. The account's row is locked first: a log-in
-- that has seen the old row waits, and then finds the new one. Each returns the role version that counts
-- now, NULL if there is no such account; repeated (its answer was lost), or with what is so already, it
-- changes nothing.
--
-- p_data comes without the role version.

-- append_account_event -- the event of a change, with the role version it made.
CREATE FUNCTION append_account_event(p_user uuid, p_event uuid, p_type text, p_schema int, p_data jsonb,
                                     p_meta jsonb, p_role_version bigint)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
    PERFORM append_user_event(p_user, p_event, p_type, p_schema,
                              p_data || jsonb_build_object('role_version', p_role_version), p_meta);
    RETURN p_role_version;
END;
$$;

-- disable_account -- nobody logs in with it any more, and whoever did is out.
CREATE FUNCTION disable_account(p_user uuid, p_event uuid, p_schema int, p_data jsonb, p_meta jsonb)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    a account;
BEGIN
    SELECT * INTO a FROM account t WHERE t.user_id = p_user FOR NO KEY UPDATE;
    IF a.disabled IS NOT FALSE THEN
        RETURN a.role_version;
    END IF;
    UPDATE account t SET disabled = true, role_version = t.role_version + 1,
                         session_generation = t.session_generation + 1
     WHERE t.user_id = p_user;
    RETURN append_account_event(p_user, p_event, 'user.disabled', p_schema, p_data, p_meta, a.role_version + 1);
END;
$$;

-- enable_account -- it may log in again; nothing that was refused becomes valid by it.
CREATE FUNCTION enable_account(p_user uuid, p_event uuid, p_schema int, p_data jsonb, p_meta jsonb)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    a account;
BEGIN
    SELECT * INTO a FROM account t WHERE t.user_id = p_user FOR NO KEY UPDATE;
    IF a.disabled THEN
        UPDATE account t SET disabled = false WHERE t.user_id = p_user;
        RETURN append_account_event(p_user, p_event, 'user.enabled', p_schema, p_data, p_meta, a.role_version);
    END IF;
    RETURN a.role_version;
END;
$$;

-- change_password -- another password; whoever logged in by the old one is out.
CREATE FUNCTION change_password(p_user uuid, p_hash text, p_event uuid, p_schema int, p_data jsonb, p_meta jsonb)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    a account;
BEGIN
    SELECT * INTO a FROM account t WHERE t.user_id = p_user FOR NO KEY UPDATE;
    IF a.password_hash IS NULL OR a.password_hash = p_hash THEN
        RETURN a.role_version;
    END IF;
    UPDATE account t SET password_hash = p_hash, role_version = t.role_version + 1,
                         session_generation = t.session_generation + 1
     WHERE t.user_id = p_user;
    RETURN append_account_event(p_user, p_event, 'user.password.changed', p_schema, p_data, p_meta,
                                a.role_version + 1);
END;
$$;

-- change_role -- another role or agency; its sessions go on, and their next tokens bring it.
CREATE FUNCTION change_role(p_user uuid, p_role text, p_agency text, p_event uuid, p_schema int,
                            p_data jsonb, p_meta jsonb)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    a account;
BEGIN
    SELECT * INTO a FROM account t WHERE t.user_id = p_user FOR NO KEY UPDATE;
    IF a.user_id IS NULL OR (a.role = p_role AND a.agency IS NOT DISTINCT FROM p_agency) THEN
        RETURN a.role_version;
    END IF;
    UPDATE account t SET role = p_role, agency = p_agency, role_version = t.role_version + 1
     WHERE t.user_id = p_user;
    RETURN append_account_event(p_user, p_event, 'user.role.changed', p_schema, p_data, p_meta, a.role_version + 1);
END;
$$;

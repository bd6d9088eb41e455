-- An account's agency is one of the catalog: it is asked in the transaction that writes the account, whoever the
-- caller is. Accounts that have an agency keep it whatever becomes of that.

-- is_active_agency -- what the last event of the agency says. Its stream is locked until the end of the
-- transaction, so that no agency ends between the question and the account; `agency-` sorts before `user-`, which
-- is the order of locks. No agency (NULL) is one that everybody may have.
CREATE FUNCTION is_active_agency(p_agency text) RETURNS boolean
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    last bigint;
BEGIN
    IF p_agency IS NULL THEN
        RETURN true;
    END IF;
    SELECT s.version INTO last FROM es_stream s WHERE s.stream = 'agency-' || p_agency FOR SHARE;
    RETURN coalesce((SELECT (e.data->>'active')::boolean FROM es_event e
                      WHERE e.stream = 'agency-' || p_agency AND e.version = last), false);
END;
$$;

-- register_account -- as before; 0 if the agency is not active, and then there is no account.
CREATE OR REPLACE FUNCTION register_account(p_user uuid, p_name text, p_key text, p_hash text, p_role text, p_agency text,
                                 p_event uuid, p_schema int, p_data jsonb, p_meta jsonb)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
    IF NOT is_active_agency(p_agency) AND NOT EXISTS (SELECT FROM account a WHERE a.user_id = p_user) THEN
        RETURN 0;
    END IF;
    INSERT INTO account (user_id, user_name, name_key, password_hash, role, agency)
    VALUES (p_user, p_name, p_key, p_hash, p_role, p_agency) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN (SELECT e.position FROM account a JOIN es_event e ON e.event_id = p_event WHERE a.user_id = p_user);
    END IF;
    RETURN append_user_event(p_user, p_event, 'user.registered', p_schema, p_data, p_meta);
END;
$$;

-- change_role -- as before; 0 if another agency than now is not active, and then nothing was changed.
CREATE OR REPLACE FUNCTION change_role(p_user uuid, p_role text, p_agency text, p_event uuid, p_schema int,
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
    IF a.agency IS DISTINCT FROM p_agency AND NOT is_active_agency(p_agency) THEN
        RETURN 0;
    END IF;
    UPDATE account t SET role = p_role, agency = p_agency, role_version = t.role_version + 1
     WHERE t.user_id = p_user;
    RETURN append_account_event(p_user, p_event, 'user.role.changed', p_schema, p_data, p_meta, a.role_version + 1);
END;
$$;

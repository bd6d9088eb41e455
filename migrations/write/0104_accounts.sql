-- Accounts: the only place that knows user names. Everything else speaks of user ids.
CREATE TABLE account (
    user_id       uuid PRIMARY KEY,
    user_name     text NOT NULL CHECK (char_length(user_name) BETWEEN 3 AND 64),
    password_hash text NOT NULL,
    role          text NOT NULL CHECK (role IN ('CITIZEN', 'OFFICER', 'PATROL', 'DISPATCHER', 'SUPERVISOR', 'ADMIN')),
    agency        text CHECK (agency ~ '^[A-Z0-9_]{1,64}$'),
    role_version  bigint NOT NULL DEFAULT 1,
    disabled      boolean NOT NULL DEFAULT false,
    created       timestamptz NOT NULL DEFAULT clock_timestamp(),
    session_generation bigint NOT NULL DEFAULT 0,
    sessions      int NOT NULL DEFAULT 0, -- rows of account_session, so that nobody counts them
    oldest_session uuid,                  -- where to search for the oldest; NULL: not known
    name_key      text COLLATE "C" NOT NULL CHECK (char_length(name_key) BETWEEN 3 AND 64),
    CHECK (agency IS NOT NULL OR role NOT IN ('OFFICER', 'SUPERVISOR')),
    CHECK (agency IS NULL OR role <> 'CITIZEN')
) WITH (fillfactor = 70);                 -- updated by every log-in
-- Names are the same if their prepared keys are (RFC 8265, UsernameCaseMapped), which the services make.
CREATE UNIQUE INDEX account_name ON account (name_key);

-- register_account -- the account and its `user.registered`, in one commit. Returns the event's
-- position, NULL if the name is taken. Repeated with the same user id (its answer was lost) it
-- returns the same position.
CREATE FUNCTION register_account(p_user uuid, p_name text, p_key text, p_hash text, p_role text, p_agency text,
                                 p_event uuid, p_schema int, p_data jsonb, p_meta jsonb)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
    INSERT INTO account (user_id, user_name, name_key, password_hash, role, agency)
    VALUES (p_user, p_name, p_key, p_hash, p_role, p_agency) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN (SELECT e.position FROM account a JOIN es_event e ON e.event_id = p_event WHERE a.user_id = p_user);
    END IF;
    RETURN append_user_event(p_user, p_event, 'user.registered', p_schema, p_data, p_meta);
END;
$$;

-- Names are the same if their prepared keys are (RFC 8265, UsernameCaseMapped), which the services make. Of
-- the names there were, ASCII all of them, the key is the lower-case form.
ALTER TABLE account ADD COLUMN name_key text COLLATE "C";
UPDATE account SET name_key = lower(user_name COLLATE "C");
ALTER TABLE account
    ALTER COLUMN name_key SET NOT NULL,
    DROP CONSTRAINT account_user_name_check,
    ADD CHECK (char_length(user_name) BETWEEN 3 AND 64),
    ADD CHECK (char_length(name_key) BETWEEN 3 AND 64);
DROP INDEX account_name;
CREATE UNIQUE INDEX account_name ON account (name_key);

-- register_account -- the account and its `user.registered`, in one commit. Returns the event's
-- position, NULL if the name is taken. Repeated with the same user id (its answer was lost) it
-- returns the same position.
DROP FUNCTION register_account;
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

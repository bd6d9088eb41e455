-- open_session -- in place of the one of 0021, at a third of its cost: past the limit the account's row is
-- only locked, not written. `oldest_session` may lag behind: then a search passes by some entries of rows
-- that were removed.
CREATE OR REPLACE FUNCTION open_session(p_session uuid, p_user uuid, p_hash text, p_tag text, p_days int,
                                        p_most int)
RETURNS TABLE (role text, agency text, role_version bigint, raised bigint)
LANGUAGE plpgsql VOLATILE
AS $$
#variable_conflict use_column
DECLARE
    a     account;
    since timestamptz;
    gone  uuid;
BEGIN
    SELECT * INTO a FROM account t
     WHERE t.user_id = p_user AND t.password_hash = p_hash AND NOT t.disabled FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    since := (SELECT s.raised FROM es_store s);
    INSERT INTO account_session (session_id, user_id, current, expires, generation, opened)
    VALUES (p_session, p_user, p_tag, clock_timestamp() + make_interval(days => p_days), a.session_generation,
            greatest(clock_timestamp(), since)) ON CONFLICT DO NOTHING;
    IF FOUND AND a.sessions < p_most THEN
        UPDATE account t SET sessions = a.sessions + 1 WHERE t.user_id = p_user;
    ELSIF FOUND THEN
        DELETE FROM account_session WHERE ctid = (
            SELECT s.ctid FROM account_session s
             WHERE s.user_id = p_user
               AND s.session_id >= coalesce(a.oldest_session, '00000000-0000-0000-0000-000000000000')
               AND s.session_id <> p_session
             ORDER BY s.session_id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING session_id INTO gone;
        IF gone IS NULL THEN
            gone := remove_oldest_session(p_user, p_session, NULL);
        END IF;
        IF gone IS NULL THEN -- there was none to remove, so the number was wrong
            UPDATE account t
               SET oldest_session = NULL,
                   sessions = (SELECT count(*) FROM account_session s WHERE s.user_id = p_user)
             WHERE t.user_id = p_user;
        ELSIF gone < a.oldest_session OR random() < 0.02 THEN
            UPDATE account t SET oldest_session = gone WHERE t.user_id = p_user;
        END IF;
    END IF;
    role := a.role;
    agency := a.agency;
    role_version := a.role_version;
    raised := extract(epoch FROM since) * 1000000;
    RETURN NEXT;
END;
$$;

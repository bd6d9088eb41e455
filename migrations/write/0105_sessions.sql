-- One row a log-in: the family of refresh tokens that followed from it. Of a token only its tag is stored, a
-- keyed hash from which no token can be made. A session may be refreshed while it carries its account's
-- generation and was opened in this life of the log. Who ends all sessions of an account raises the generation,
-- which is one row however many there are. A session that has ended has no row.
CREATE TABLE account_session (
    session_id uuid PRIMARY KEY,       -- ids rise with time: the first of an account is its oldest
    user_id    uuid NOT NULL REFERENCES account,
    current    text NOT NULL,          -- tag of the token that may be used next
    previous   text,                   -- tag of the one it followed from
    rotated    timestamptz,            -- when `previous` was first used
    expires    timestamptz NOT NULL,   -- unless used before
    generation bigint NOT NULL,
    opened     timestamptz NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX account_session_expires ON account_session (expires);
CREATE INDEX account_session_user ON account_session (user_id, session_id);

-- open_session -- a new family of refresh tokens, of which p_tag is the first. Past p_most sessions of the
-- account the oldest row goes, silently: its refresh token is unknown from then on, its access token runs
-- out. Returns what the account may do now, and when this life of the log began (us); no row if meanwhile
-- it was disabled or got another password. May be repeated when its answer was lost.
--
-- Locks: the account, then a session that nobody holds. Who ends a session holds that first.
--
-- Past the limit the account's row is only locked, not written. `oldest_session` may lag behind: then a search
-- passes by some entries of rows that were removed.
CREATE FUNCTION open_session(p_session uuid, p_user uuid, p_hash text, p_tag text, p_days int, p_most int)
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

-- remove_oldest_session -- removes the row with the least id from p_from on that nobody holds and is not
-- p_new; returns that id. Before p_from rows were removed: their index entries are not gone through.
CREATE FUNCTION remove_oldest_session(p_user uuid, p_new uuid, p_from uuid) RETURNS uuid
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    gone uuid;
BEGIN
    DELETE FROM account_session WHERE session_id = (
        SELECT s.session_id FROM account_session s
         WHERE s.user_id = p_user AND s.session_id >= coalesce(p_from, '00000000-0000-0000-0000-000000000000')
           AND s.session_id <> p_new
         ORDER BY s.session_id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING session_id INTO gone;
    IF gone IS NULL AND p_from IS NOT NULL THEN -- a clock went back: newer rows have lesser ids
        RETURN remove_oldest_session(p_user, p_new, NULL);
    END IF;
    RETURN gone;
END;
$$;

-- end_session -- a log-out: the row goes, the log says so, in one commit; access tokens of the session are
-- refused by whoever reads the event. That comes also if the row is gone already (removed for a newer one):
-- its tokens are not. False if the row was gone.
CREATE FUNCTION end_session(p_session uuid, p_user uuid, p_event uuid, p_schema int, p_data jsonb, p_meta jsonb)
RETURNS boolean
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    was boolean;
BEGIN
    DELETE FROM account_session WHERE session_id = p_session AND user_id = p_user;
    was := FOUND;
    IF was THEN
        UPDATE account SET sessions = sessions - 1 WHERE user_id = p_user;
    END IF;
    PERFORM append_user_event(p_user, p_event, 'user.session.ended', p_schema, p_data, p_meta);
    RETURN was;
END;
$$;

-- refresh_session -- a refresh token was presented that is truly one of ours (its tag was checked).
--   rotated  it was the current one, which its successor now is; or it was the one before, again within
--            5 minutes while the successor is unused: the client did not get our answer
--   reused   an older one: somebody holds a copy, nobody knows who; the whole family has ended now
--   refused  no such session, expired, of an older generation or an older life of the log, or the account
--            is disabled
-- p_data is the `user.session.ended` without the user's id. On `rotated` and `reused` the account comes
-- with the outcome, and when this life of the log began (us).
CREATE FUNCTION refresh_session(p_session uuid, p_presented text, p_successor text, p_days int,
                                p_event uuid, p_schema int, p_data jsonb, p_meta jsonb)
RETURNS TABLE (outcome text, user_id uuid, user_name text, role text, agency text, role_version bigint,
               raised bigint)
LANGUAGE plpgsql VOLATILE
AS $$
#variable_conflict use_column
DECLARE
    s      account_session;
    a      account;
    since  timestamptz;
    result text;
BEGIN
    SELECT t.raised INTO since FROM es_store t;
    SELECT * INTO s FROM account_session t WHERE t.session_id = p_session FOR UPDATE;
    SELECT * INTO a FROM account t WHERE t.user_id = s.user_id;
    IF a.user_id IS NULL OR a.disabled OR s.generation <> a.session_generation OR s.opened < since
       OR s.expires <= clock_timestamp() THEN
        result := 'refused';
    ELSIF s.current = p_presented THEN
        UPDATE account_session t
           SET current = p_successor, previous = p_presented, rotated = clock_timestamp(),
               expires = clock_timestamp() + make_interval(days => p_days)
         WHERE t.session_id = p_session;
        result := 'rotated';
    ELSIF s.previous = p_presented AND s.rotated > clock_timestamp() - interval '5 minutes' THEN
        result := 'rotated';
    ELSE
        PERFORM end_session(p_session, s.user_id, p_event, p_schema,
                            p_data || jsonb_build_object('user_id', s.user_id), p_meta);
        result := 'reused';
    END IF;
    RETURN QUERY SELECT result, a.user_id, a.user_name, a.role, a.agency, a.role_version,
                        (extract(epoch FROM since) * 1000000)::bigint;
END;
$$;

-- expire_sessions -- deletes sessions that can no longer be refreshed, at most `most` at a time, so that
-- no lock is held for long. Returns how many went.
CREATE FUNCTION expire_sessions(most int) RETURNS bigint
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    users uuid[];
BEGIN
    WITH gone AS (
        DELETE FROM account_session
         WHERE ctid = ANY (ARRAY(SELECT ctid FROM account_session WHERE expires <= now()
                                  ORDER BY expires LIMIT most FOR UPDATE SKIP LOCKED))
        RETURNING user_id)
    SELECT array_agg(user_id ORDER BY user_id) INTO users FROM gone;
    PERFORM FROM account WHERE user_id = ANY (users) ORDER BY user_id FOR NO KEY UPDATE;
    UPDATE account a SET sessions = a.sessions - n.gone
      FROM (SELECT u, count(*) AS gone FROM unnest(users) AS u GROUP BY u) n WHERE a.user_id = n.u;
    RETURN coalesce(cardinality(users), 0);
END;
$$;

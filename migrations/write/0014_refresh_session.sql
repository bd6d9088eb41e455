-- refresh_session -- a refresh token was presented that is truly one of ours (its tag was checked).
--   rotated  it was the current one, which its successor now is; or it was the one before, again within
--            10 s while the successor is unused: the client did not get our answer
--   reused   an older one: somebody holds a copy, nobody knows who; the whole family has ended now
--   refused  no such session, expired, ended before, or the account is disabled
-- p_data is the `user.session.ended` without the user's id. On `rotated` and `reused` the account
-- comes with the outcome.
CREATE FUNCTION refresh_session(p_session uuid, p_presented text, p_successor text, p_days int,
                                p_event uuid, p_schema int, p_data jsonb, p_meta jsonb)
RETURNS TABLE (outcome text, user_id uuid, user_name text, role text, agency text, role_version bigint)
LANGUAGE plpgsql VOLATILE
AS $$
#variable_conflict use_column
DECLARE
    s      account_session;
    result text;
BEGIN
    SELECT * INTO s FROM account_session t WHERE t.session_id = p_session FOR UPDATE;
    IF s.session_id IS NULL OR s.ended IS NOT NULL OR s.expires <= clock_timestamp()
       OR EXISTS (SELECT FROM account a WHERE a.user_id = s.user_id AND a.disabled) THEN
        RETURN QUERY SELECT 'refused', NULL::uuid, NULL, NULL, NULL, NULL::bigint;
        RETURN;
    END IF;
    IF s.current = p_presented THEN
        UPDATE account_session t
           SET current = p_successor, previous = p_presented, rotated = clock_timestamp(),
               expires = clock_timestamp() + make_interval(days => p_days)
         WHERE t.session_id = p_session;
        result := 'rotated';
    ELSIF s.previous = p_presented AND s.rotated > clock_timestamp() - interval '10 seconds' THEN
        result := 'rotated';
    ELSE
        PERFORM end_session(p_session, s.user_id, p_event, p_schema,
                            p_data || jsonb_build_object('user_id', s.user_id), p_meta);
        result := 'reused';
    END IF;
    RETURN QUERY SELECT result, a.user_id, a.user_name, a.role, a.agency, a.role_version
                   FROM account a WHERE a.user_id = s.user_id;
END;
$$;

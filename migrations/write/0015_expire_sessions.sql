-- expire_sessions -- deletes sessions that can no longer be refreshed, at most `most` at a time, so that
-- no lock is held for long. Returns how many went.
CREATE FUNCTION expire_sessions(most int) RETURNS bigint
LANGUAGE sql VOLATILE
AS $$
    WITH gone AS (
        DELETE FROM account_session
         WHERE ctid = ANY (ARRAY(SELECT ctid FROM account_session
                                  WHERE expires < now() - interval '1 day'
                                  ORDER BY expires LIMIT most FOR UPDATE SKIP LOCKED))
        RETURNING 1)
    SELECT count(*) FROM gone;
$$;

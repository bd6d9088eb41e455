-- expire_sessions -- as in 0105, and it begins where the call before came to (es_expiry): index entries of sessions
-- that were deleted are not gone through again until VACUUM has been there.
INSERT INTO es_expiry (name, done) VALUES ('account_session', '-infinity');

-- Sessions that somebody holds are passed over; the next call begins at the first one that is left. No call begins
-- later than now, so that a clock that was ahead for a while leaves nothing behind. Of two callers at once the second
-- one does nothing.
CREATE OR REPLACE FUNCTION expire_sessions(most int) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
AS $$
DECLARE
    since timestamptz;
    users uuid[];
BEGIN
    SELECT least(x.done, now()) INTO since FROM es_expiry x WHERE x.name = 'account_session' FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    WITH gone AS (
        DELETE FROM account_session
         WHERE ctid = ANY (ARRAY(SELECT ctid FROM account_session WHERE expires >= since AND expires <= now()
                                  ORDER BY expires LIMIT most FOR UPDATE SKIP LOCKED))
        RETURNING user_id)
    SELECT array_agg(user_id ORDER BY user_id) INTO users FROM gone;
    PERFORM FROM account WHERE user_id = ANY (users) ORDER BY user_id FOR NO KEY UPDATE;
    UPDATE account a SET sessions = a.sessions - n.gone
      FROM (SELECT u, count(*) AS gone FROM unnest(users) AS u GROUP BY u) n WHERE a.user_id = n.u;
    UPDATE es_expiry x
       SET done = coalesce((SELECT min(expires) FROM account_session WHERE expires >= since AND expires <= now()), now())
     WHERE x.name = 'account_session';
    RETURN coalesce(cardinality(users), 0);
END;
$$;

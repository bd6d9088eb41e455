-- expire_results -- deletes answers older than `days`, at most `most` a call, and reads in proportion to what it
-- deletes, whatever else the table holds.
--
-- Pages of deleted rows are used again, so that old and new answers lie side by side: a summary of page ranges
-- finds nothing then, and a B-tree by time (es_result_answered) finds exactly the old ones.

-- Up to which time a table's old rows have gone. Entries of rows that were deleted stay in the index until
-- VACUUM has been there, which on a large table takes days: a search that began at the oldest one would
-- walk through them all, each time.
CREATE TABLE es_expiry (
    name text PRIMARY KEY,             -- of the table
    done timestamptz NOT NULL          -- what is older than this has gone
);
INSERT INTO es_expiry (name, done) VALUES ('es_result', now());

-- One call looks at one hour of answers at most. `more`: a further call would find some. Of two callers at
-- once the second one does nothing. After the clock was set back, or `days` was raised, it begins anew from
-- the time that is old enough then: answers stored under the wrong clock go too.
CREATE FUNCTION expire_results(days int, most int, OUT gone bigint, OUT more boolean)
LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
AS $$
DECLARE
    old   timestamptz := now() - make_interval(days => days);
    since timestamptz;
    upto  timestamptz;
    last  timestamptz;
BEGIN
    gone := 0;
    more := false;
    SELECT least(x.done, old) INTO since FROM es_expiry x WHERE x.name = 'es_result' FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    upto := least(since + interval '1 hour', old);
    WITH deleted AS (
        DELETE FROM es_result
         WHERE ctid = ANY (ARRAY(SELECT ctid FROM es_result
                                  WHERE answered >= since AND answered < upto
                                  ORDER BY answered LIMIT most))
        RETURNING answered)
    SELECT count(*), max(answered) INTO gone, last FROM deleted;
    more := gone = most OR upto < old;
    UPDATE es_expiry x SET done = CASE WHEN gone = most THEN last ELSE upto END WHERE x.name = 'es_result';
END;
$$;

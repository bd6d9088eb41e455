-- expire_results -- deletes answers older than `days`, at most `most` at a time, so that no lock is held
-- for long. Returns how many went.
CREATE FUNCTION expire_results(days int, most int) RETURNS bigint
LANGUAGE sql VOLATILE
AS $$
    WITH gone AS (
        DELETE FROM es_result
         WHERE ctid = ANY (ARRAY(SELECT ctid FROM es_result
                                  WHERE answered < now() - make_interval(days => days)
                                  ORDER BY answered LIMIT most))
        RETURNING 1)
    SELECT count(*) FROM gone;
$$;

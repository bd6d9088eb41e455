-- dispatch_times.sql -- how soon patrols answer and arrive: of the offers of the last days, by agency and patrol.
-- who asks: $1 role, $2 agency; $3 days; $4 agency; $5 patrol; $6 changes each second
WITH offers AS (
    SELECT agency, patrol_id, extract(epoch FROM accepted_at - offered_at) AS to_accept,
           extract(epoch FROM arrived_at - accepted_at) AS to_arrive, extract(epoch FROM arrived_at - offered_at) AS in_all
      FROM dispatch_list.dispatch_list
     WHERE offered_at > now() - $3::int * interval '1 day' AND $6::bigint IS NOT NULL
       AND ($1 IN ('DISPATCHER', 'ADMIN') OR agency = $2)
       AND ($4::text IS NULL OR agency = $4) AND ($5::uuid IS NULL OR patrol_id = $5)
)
SELECT json_build_object('data', coalesce(json_agg(to_json(shown) ORDER BY shown.agency, shown.patrol_id NULLS FIRST), '[]'),
                         'next', NULL)::text
  FROM (SELECT agency, patrol_id, count(*) AS offered, count(to_accept) AS accepted, count(in_all) AS arrived,
               round(percentile_cont(0.5) WITHIN GROUP (ORDER BY to_accept))::bigint AS accept_median_seconds,
               round(percentile_cont(0.9) WITHIN GROUP (ORDER BY to_accept))::bigint AS accept_p90_seconds,
               round(percentile_cont(0.5) WITHIN GROUP (ORDER BY to_arrive))::bigint AS travel_median_seconds,
               round(percentile_cont(0.9) WITHIN GROUP (ORDER BY to_arrive))::bigint AS travel_p90_seconds,
               round(percentile_cont(0.5) WITHIN GROUP (ORDER BY in_all))::bigint AS arrive_median_seconds,
               round(percentile_cont(0.9) WITHIN GROUP (ORDER BY in_all))::bigint AS arrive_p90_seconds
          FROM offers GROUP BY GROUPING SETS ((agency), (agency, patrol_id))) shown

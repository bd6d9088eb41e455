-- sla_summary.sql -- how many clocks are open, were warned of, met or breached, and how long those took that have ended: per
-- agency, category and clock, of all reports for officers and supervisors of that agency and admins, else of public ones.
-- who asks: $1 role, $2 agency; $3 agency, $4 category
SELECT json_build_object('data', coalesce(json_agg(to_json(shown) ORDER BY owner_agency, category, clock), '[]'), 'next', NULL)::text
  FROM (SELECT owner_agency, category, clock, reports, CASE WHEN enough THEN open END AS open, CASE WHEN enough THEN warned END AS warned,
               CASE WHEN enough THEN met END AS met, CASE WHEN enough THEN breached END AS breached,
               CASE WHEN enough_ended THEN ended END AS ended,
               CASE WHEN enough_ended THEN trim_scale(median_us / 1000000.0) END AS median_seconds,
               CASE WHEN enough_ended THEN trim_scale(p90_us / 1000000.0) END AS p90_seconds
          FROM sla.clock_counts
         CROSS JOIN LATERAL (SELECT coalesce($1::text = 'ADMIN' OR ($1::text IN ('OFFICER', 'SUPERVISOR') AND owner_agency = $2::text),
                                             false) AS whole) who
         CROSS JOIN LATERAL (SELECT whole OR open + ended >= 5 AS enough, whole OR ended >= 5 AS enough_ended) few
         WHERE reports = CASE WHEN whole THEN 'all' ELSE 'public' END
           AND ($3::text IS NULL OR owner_agency = $3) AND ($4::text IS NULL OR category = $4)) shown

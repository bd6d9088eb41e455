-- report_similar_found.sql -- how a query goes on that has said what is `wanted` (report_id, content, category,
-- latitude, longitude, read_kind; each may be NULL): what may be the same, by the newest reports of each key, at most 20
-- public ones and, for officers, 20 of the hidden ones. $4 role, $5 agency, $6 limit
, rules (metres, days, alike, by_text, by_distance, by_category, by_age) AS (
    -- A report is listed if it is no farther and no older than that, or if its text is so much alike. Its score
    -- adds up how alike the text is, how near the place, the category and how new it is, each 0 to 1, weighted.
    VALUES (500.0, 90.0, 0.3, 0.5, 0.3, 0.1, 0.1)
)
, wanted_key AS (
    SELECT engine.text_sketch(content, 3) AS key FROM wanted
     UNION
    SELECT engine.grid_cells_around(latitude, longitude, metres) FROM wanted, rules
)
, candidate AS (
    SELECT DISTINCT newest.report_id
      FROM wanted_key
     CROSS JOIN LATERAL (VALUES (false), (true)) AS part (hidden)
     CROSS JOIN LATERAL (SELECT report_id FROM report_similar.report_similar s
                          WHERE s.key = wanted_key.key AND s.hidden = part.hidden
                          ORDER BY position DESC LIMIT 20) newest
     WHERE NOT part.hidden OR $4::text IN ('OFFICER', 'SUPERVISOR', 'ADMIN')
)
, reason AS (
    SELECT r.*, round(engine.distance_m(w.latitude, w.longitude, (r.location->>'latitude')::float8,
                                        (r.location->>'longitude')::float8))::bigint AS distance_m,
           coalesce(r.category = w.category, false) AS same_category,
           round(public.similarity(left(r.content, 400), left(w.content, 400))::numeric, 2) AS text,
           extract(epoch FROM now() - r.created_at) / 86400.0 AS age
      FROM candidate
      JOIN report_detail.report_detail r USING (report_id)
     CROSS JOIN wanted w
     WHERE r.report_id IS DISTINCT FROM w.report_id AND r.position IS NOT NULL AND r.status <> 'WITHDRAWN'
       AND r.merged_into IS NULL
       AND (r.visibility = 'PUBLIC' OR $4 = 'ADMIN'
            OR ($4 IN ('OFFICER', 'SUPERVISOR') AND (r.owner_agency = $5 OR r.former_agencies @> ARRAY[$5])))
)
, scored AS (
    SELECT reason.*,
           round((by_text * coalesce(text, 0)
                  + by_distance * greatest(0, 1 - coalesce(distance_m, metres) / metres)
                  + by_category * same_category::int
                  + by_age * greatest(0, least(1, 1 - age / days)))::numeric, 2) AS score
      FROM reason CROSS JOIN rules
     WHERE (distance_m <= metres AND age <= days) OR text >= alike
     ORDER BY score DESC, report_id DESC
     LIMIT $6::int
)
SELECT json_build_object('data', coalesce(json_agg(item.json ORDER BY s.score DESC, s.report_id DESC)
                                          FILTER (WHERE s.report_id IS NOT NULL), '[]'),
                         'next', NULL)::text, max(wanted.read_kind) AS read_kind
  FROM wanted
  LEFT JOIN scored s ON true
  LEFT JOIN report_rank.report_rank v ON v.report_id = s.report_id AND v.vote_count <> 0
 CROSS JOIN LATERAL (SELECT to_json(shown) AS json FROM (
           SELECT s.report_id, s.score,
                  (SELECT to_json(reasons) FROM (
                      SELECT s.distance_m, s.same_category, s.text,
                             greatest(0, floor(s.age))::int AS age_days) reasons) AS reasons,
                  s.visibility, s.category, s.content, engine.rfc3339(s.created_at) AS created_at,
                  s.status AS current_status, coalesce(v.vote_count, 0) AS vote_count, s.location) shown) item
HAVING count(*) > 0

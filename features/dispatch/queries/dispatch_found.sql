-- dispatch_found.sql -- the candidates as the shape Candidates.
SELECT json_build_object('candidates', coalesce(json_agg(json_build_object(
           'patrol_id', patrol_id, 'distance_m', distance_m, 'fix_age_seconds', fix_age_seconds,
           'estimated_seconds', estimated_seconds) ORDER BY place), '[]'))::text
  FROM candidate WHERE place <= 10

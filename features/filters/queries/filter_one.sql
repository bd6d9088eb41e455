-- filter_one.sql -- one filter that who asks has saved.
-- $1 user, $2 name
SELECT to_json(shown)::text, f.version
  FROM case_filters.case_filters f
 CROSS JOIN LATERAL (SELECT f.name, f.filter, engine.rfc3339(f.saved_at) AS saved_at) shown
 WHERE f.user_id = $1 AND f.name = $2

-- filter_list.sql -- the filters that who asks has saved, by name; few, so there are no pages.
-- $1 user
SELECT json_build_object('data', coalesce(json_agg(to_json(shown) ORDER BY shown.name), '[]'), 'next', NULL)::text
  FROM (SELECT name, filter, engine.rfc3339(saved_at) AS saved_at
          FROM case_filters.case_filters WHERE user_id = $1) shown

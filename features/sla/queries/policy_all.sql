-- policy_all.sql -- all policies, also those that are not active, in the order in which they are looked at; few, so
-- there are no pages.
SELECT json_build_object('data', coalesce(json_agg(to_json(shown) ORDER BY policy_id = 'default',
                                                   policy_id LIKE 'default-%',
                                                   CASE WHEN policy_id <> 'default' AND policy_id NOT LIKE 'default-%' THEN rank END,
                                                   policy_id COLLATE "C"), '[]'), 'next', NULL)::text
  FROM (SELECT policy_id, version, rank, names, category, priority, agency, acknowledge, resolve, answer, active,
               engine.rfc3339(defined_at) AS defined_at
          FROM policy_list.policy_list) shown

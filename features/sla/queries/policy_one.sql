-- policy_one.sql -- one policy.
-- $1 id
SELECT to_json(shown)::text, version
  FROM (SELECT policy_id, version, rank, names, category, priority, agency, acknowledge, resolve, answer, active,
               engine.rfc3339(defined_at) AS defined_at
          FROM policy_list.policy_list WHERE policy_id = $1) shown

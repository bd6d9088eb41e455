-- sla_config.sql -- how long a report may take to be resolved where no other policy says so, as clients of the seed
-- ask for it: 48h0m0s, 1m30s, 10s.
SELECT to_json(shown)::text, version
  FROM policy_list.policy_list
 CROSS JOIN LATERAL (SELECT (resolve->>'seconds')::bigint AS s) resolve
 CROSS JOIN LATERAL (SELECT s AS sla_duration_sec,
                            CASE WHEN s >= 3600 THEN s / 3600 || 'h' ELSE '' END
                            || CASE WHEN s >= 60 THEN s / 60 % 60 || 'm' ELSE '' END
                            || s % 60 || 's' AS sla_duration_str) shown
 WHERE policy_id = 'default'

-- dispatch_one.sql -- one dispatch. who asks: $1 user, $2 role, $3 agency; $4 dispatch
-- :with dispatch_lines
SELECT to_json(shown)::text, d.version
  FROM dispatch_lines d
 CROSS JOIN LATERAL (
-- :include dispatch_members
       ) shown
 WHERE d.dispatch_id = $4::uuid

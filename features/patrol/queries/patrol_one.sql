-- patrol_one.sql -- one patrol. who asks: $1 user, $2 role, $3 agency; $4 changes each second; $5 patrol
-- :with patrol_lines
SELECT to_json(shown)::text, p.version
  FROM patrol_lines p
 CROSS JOIN LATERAL (
-- :include patrol_members
       ) shown
 WHERE p.patrol_id = $5::uuid

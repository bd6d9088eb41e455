-- dispatch_lines.sql -- the dispatches that who asks may see: dispatchers and admins all, supervisors those of their
-- agency's patrols, a patrol's crew its own. Included by the queries about dispatches.
-- who asks: $1 user, $2 role, $3 agency
SELECT d.* FROM dispatch_list.dispatch_list d
 WHERE $2 IN ('DISPATCHER', 'ADMIN') OR ($2 = 'SUPERVISOR' AND d.agency = $3)
       OR ($2 = 'PATROL' AND d.patrol_id = (SELECT c.patrol_id FROM patrol_list.patrol_crew c WHERE c.user_id = $1))

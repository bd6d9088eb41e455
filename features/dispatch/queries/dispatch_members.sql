-- dispatch_members.sql -- what is shown of the row d of dispatch_lines.
SELECT d.dispatch_id, d.version, d.report_id, d.patrol_id, d.agency, d.status, d.exclusive, d.attempt, d.reason,
       d.ended_by, d.replaces, d.replaced_by, d.recommended, engine.rfc3339(d.due_at) AS due_at,
       engine.rfc3339(d.answer_by) AS answer_by, engine.rfc3339(d.created_at) AS created_at,
       engine.rfc3339(d.offered_at) AS offered_at, engine.rfc3339(d.accepted_at) AS accepted_at,
       engine.rfc3339(d.arrived_at) AS arrived_at, engine.rfc3339(d.ended_at) AS ended_at,
       engine.rfc3339(d.unfilled_at) AS unfilled_at

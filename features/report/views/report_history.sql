-- report_history.sql -- one row per event of a report's own stream, oldest first: what its history shows.

-- :tables
CREATE TABLE report_history (
    report_id uuid,
    version bigint,             -- of the report's stream
    position bigint,
    type text,                  -- of the event
    old_status text,            -- NULL if the event says nothing of the status
    new_status text,
    note text,                  -- not for the public
    at timestamptz,
    facts jsonb,                -- what else the event says; which are for whom, the queries decide
    PRIMARY KEY (report_id, version)
);

-- :members report_id uuid, status text, old_status text, new_status text, note text
-- :members created_at timestamptz, changed_at timestamptz, edited_at timestamptz, forwarded_at timestamptz
-- :members acknowledged_at timestamptz, assigned_at timestamptz, asked_at timestamptz, answered_at timestamptz
-- :members commented_at timestamptz, old_owner_agency text, owner_agency text, old_category text, category text
-- :members old_priority text, priority text, old_assignee_user_id text, assignee_user_id text
-- :members merged_at timestamptz, unmerged_at timestamptz, merged_report_id text, into_report_id text
-- :members question_id text, comment_id text, commented_by text, text text
-- :members reason text, escalation_level int, level text, clock text, due_at text, fired_at timestamptz, late boolean
-- :members policy text, policy_version bigint, target text
-- :members dispatch_id text, patrol_id text, dispatch_status text

-- :on report.created, report.status.updated
INSERT INTO report_history (report_id, version, position, type, old_status, new_status, note, facts, at)
SELECT report_id, version, position, type, old_status, coalesce(new_status, status), note, '{}',
       coalesce(changed_at, created_at)
  FROM batch;

-- :on report.edited, report.forwarded, report.acknowledged, report.assigned
INSERT INTO report_history (report_id, version, position, type, note, facts, at)
SELECT report_id, version, position, type, note,
       jsonb_strip_nulls(jsonb_build_object(
           'old_owner_agency', old_owner_agency, 'owner_agency', owner_agency, 'old_category', old_category,
           'category', category, 'old_assignee_user_id', old_assignee_user_id,
           'assignee_user_id', assignee_user_id)),
       coalesce(edited_at, forwarded_at, acknowledged_at, assigned_at)
  FROM batch;

-- :on report.priority.changed, report.question.asked, report.question.answered, report.commented
INSERT INTO report_history (report_id, version, position, type, note, facts, at)
SELECT report_id, version, position, type, note,
       jsonb_strip_nulls(jsonb_build_object(
           'old_priority', old_priority, 'priority', priority, 'question_id', question_id,
           'comment_id', comment_id, 'commented_by', commented_by, 'text', text)),
       coalesce(changed_at, asked_at, answered_at, commented_at)
  FROM batch;

-- :on report.merged, report.unmerged
INSERT INTO report_history (report_id, version, position, type, facts, at)
SELECT report_id, version, position, type,
       jsonb_build_object('merged_report_id', merged_report_id, 'into_report_id', into_report_id),
       coalesce(merged_at, unmerged_at)
  FROM batch;

-- :on report.dispatch.updated
INSERT INTO report_history (report_id, version, position, type, facts, at)
SELECT report_id, version, position, type,
       jsonb_build_object('dispatch_id', dispatch_id, 'patrol_id', patrol_id, 'dispatch_status', dispatch_status),
       changed_at
  FROM batch;

-- :on report.escalated
INSERT INTO report_history (report_id, version, position, type, facts, at)
SELECT report_id, version, position, type,
       jsonb_strip_nulls(jsonb_build_object(
           'reason', reason, 'escalation_level', escalation_level, 'level', level, 'clock', clock, 'due_at', due_at,
           'late', late, 'policy', policy, 'policy_version', policy_version, 'target', target)), fired_at
  FROM batch;

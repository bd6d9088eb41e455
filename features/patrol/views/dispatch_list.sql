-- dispatch_list.sql -- one row per dispatch: who was sent where, when each step was, what it ended with.

-- :tables
CREATE TABLE dispatch_list (
    dispatch_id uuid PRIMARY KEY,
    version bigint,             -- of the dispatch's stream
    position bigint,            -- of dispatch.created
    report_id uuid,
    patrol_id uuid,
    agency text,                -- of the patrol
    exclusive boolean,
    due_at timestamptz,         -- of a reservation
    attempt bigint,
    replaces uuid,
    recommended jsonb,          -- NULL: the patrol was named
    created_at timestamptz,
    status text,
    answer_by timestamptz,      -- of an offer
    reason text,
    ended_by text,              -- on whose side it ended
    offered_at timestamptz,
    accepted_at timestamptz,
    arrived_at timestamptz,
    ended_at timestamptz,
    replaced_by uuid,
    unfilled_at timestamptz
);
CREATE INDEX dispatch_list_position ON dispatch_list (position);
CREATE INDEX dispatch_list_report ON dispatch_list (report_id, position);
CREATE INDEX dispatch_list_patrol ON dispatch_list (patrol_id, position);
CREATE INDEX dispatch_list_active ON dispatch_list (patrol_id) WHERE status IN ('OFFERED', 'ACCEPTED', 'ARRIVED');
CREATE INDEX dispatch_list_status ON dispatch_list (status, position);
CREATE INDEX dispatch_list_offered ON dispatch_list (offered_at);

-- :members dispatch_id uuid, report_id uuid, patrol_id uuid, agency text, exclusive boolean, due_at timestamptz
-- :members attempt bigint, replaces uuid, recommended jsonb, created_at timestamptz, status text, new_status text
-- :members answer_by timestamptz, reason text, by text, changed_at timestamptz, replaced_by uuid, unfilled_at timestamptz

-- :on dispatch.created
INSERT INTO dispatch_list (dispatch_id, version, position, report_id, patrol_id, agency, exclusive, due_at, attempt,
                           replaces, recommended, created_at, status, answer_by, offered_at)
SELECT dispatch_id, version, position, report_id, patrol_id, agency, exclusive, due_at, attempt, replaces, recommended,
       created_at, status, answer_by, CASE status WHEN 'OFFERED' THEN created_at END
  FROM batch;

-- :on dispatch.status.updated
UPDATE dispatch_list d
   SET version = greatest(d.version, last.version), status = last.status, answer_by = last.answer_by,
       reason = coalesce(last.reason, d.reason), ended_by = coalesce(last.ended_by, d.ended_by),
       offered_at = coalesce(d.offered_at, last.offered_at), accepted_at = coalesce(d.accepted_at, last.accepted_at),
       arrived_at = coalesce(d.arrived_at, last.arrived_at), ended_at = coalesce(last.ended_at, d.ended_at)
  FROM (SELECT dispatch_id, max(version) AS version, (array_agg(new_status ORDER BY version DESC))[1] AS status,
               (array_agg(answer_by ORDER BY version DESC))[1] AS answer_by,
               (array_agg(reason ORDER BY version DESC) FILTER (WHERE reason IS NOT NULL))[1] AS reason,
               (array_agg(by ORDER BY version DESC) FILTER (WHERE ended))[1] AS ended_by,
               min(changed_at) FILTER (WHERE new_status = 'OFFERED') AS offered_at,
               min(changed_at) FILTER (WHERE new_status = 'ACCEPTED') AS accepted_at,
               min(changed_at) FILTER (WHERE new_status = 'ARRIVED') AS arrived_at,
               max(changed_at) FILTER (WHERE ended) AS ended_at
          FROM (SELECT batch.*, new_status IN ('CLEARED', 'DECLINED', 'TIMED_OUT', 'CANCELLED') AS ended
                  FROM batch) step
         GROUP BY dispatch_id) last
 WHERE d.dispatch_id = last.dispatch_id;

-- :on dispatch.replaced, dispatch.unfilled
UPDATE dispatch_list d
   SET version = greatest(d.version, last.version), replaced_by = coalesce(last.replaced_by, d.replaced_by),
       unfilled_at = coalesce(last.unfilled_at, d.unfilled_at)
  FROM (SELECT DISTINCT ON (dispatch_id) dispatch_id, version, replaced_by, unfilled_at
          FROM batch ORDER BY dispatch_id, version DESC) last
 WHERE d.dispatch_id = last.dispatch_id;

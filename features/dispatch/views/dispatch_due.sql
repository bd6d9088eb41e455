-- dispatch_due.sql -- one row per dispatch that sla-worker may have to do something for, and when. Of one that asks
-- for nothing any more there is none.

-- :tables
CREATE TABLE dispatch_due (
    dispatch_id uuid PRIMARY KEY,
    next_at timestamptz,        -- NULL: nothing now
    what text,                  -- timeout, offer (of a reservation), next (another patrol is to be asked)
    report_id uuid,
    recommended boolean,        -- it named no patrol: then the next one is held to the following
    skills jsonb,               -- of words; NULL: to none
    within text,                -- patrols of this agency; NULL: of any
    exclusive boolean
);
CREATE INDEX dispatch_due_next ON dispatch_due (next_at) WHERE next_at IS NOT NULL;

-- :members dispatch_id uuid, report_id uuid, status text, new_status text, due_at timestamptz, answer_by timestamptz
-- :members recommended jsonb, skills jsonb, within text, exclusive boolean, changed_at timestamptz

-- :on dispatch.created
INSERT INTO dispatch_due (dispatch_id, next_at, what, report_id, recommended, skills, within, exclusive)
SELECT dispatch_id, CASE status WHEN 'OFFERED' THEN answer_by ELSE due_at END,
       CASE status WHEN 'OFFERED' THEN 'timeout' ELSE 'offer' END,
       report_id, recommended IS NOT NULL, skills, within, exclusive
  FROM batch;

-- :on dispatch.status.updated
MERGE INTO dispatch_due d
USING (SELECT dispatch_id, bool_or(new_status IN ('ARRIVED', 'CLEARED', 'CANCELLED')) AS settled,
              bool_or(new_status IN ('DECLINED', 'TIMED_OUT')) AS in_vain,
              (array_agg(new_status ORDER BY version DESC))[1] AS status,
              (array_agg(answer_by ORDER BY version DESC))[1] AS answer_by,
              (array_agg(changed_at ORDER BY version DESC))[1] AS changed_at
         FROM batch GROUP BY dispatch_id) last
   ON d.dispatch_id = last.dispatch_id
 WHEN MATCHED AND (last.settled OR (last.in_vain AND NOT d.recommended)) THEN DELETE
 WHEN MATCHED THEN UPDATE
  SET next_at = CASE last.status WHEN 'OFFERED' THEN last.answer_by WHEN 'ACCEPTED' THEN NULL ELSE last.changed_at END,
      what = CASE last.status WHEN 'OFFERED' THEN 'timeout' WHEN 'ACCEPTED' THEN NULL ELSE 'next' END;

-- :on dispatch.replaced, dispatch.unfilled
DELETE FROM dispatch_due d USING batch WHERE d.dispatch_id = batch.dispatch_id;

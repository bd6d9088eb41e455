-- case_inbox.sql -- one row per case: what the officers of the owning agency work through. Votes and
-- holds come from streams of their own and may stand in a row before its report does: position is NULL until then.

-- :tables
CREATE TABLE case_inbox (
    report_id uuid PRIMARY KEY,
    version bigint,             -- of the report's stream
    position bigint,            -- the order of the inbox: `filed`, NULL while it is merged
    filed bigint,               -- position of report.created
    merged_into uuid,           -- the report it is the same as; NULL: none
    reporter text,              -- user id; NULL for anonymous reports and reports without author
    visibility text,
    category text,
    owner_agency text,
    content text,
    location jsonb,
    occurred_at timestamptz,
    created_at timestamptz,
    status text,
    updated_at timestamptz,     -- of the last change of status
    last_note text,             -- why it is in this status; NULL if nobody said
    former_agencies text[],     -- those that handed it over, each once; they go on reading
    forwarded_at timestamptz,   -- when it was handed to the owning agency; NULL: it was filed or edited there
    acknowledged jsonb,         -- by which agency, when
    assignee text,              -- user id; NULL: nobody
    priority text,              -- set by an officer, or what it began with
    priority_set boolean,       -- by an officer; votes do not raise it any more
    votes bigint,               -- for itself; NULL: none yet
    merged_votes bigint NOT NULL DEFAULT 0, -- people who voted for what is merged into it, not for itself
    priority_rank int GENERATED ALWAYS AS (array_position( -- of the one that is shown: 1 is the least urgent
-- :fragment priority_words
        ,
-- :fragment report_priority
    )) STORED,
    questions_open bigint,      -- the agency waits for the author
    held_since timestamptz,     -- from the case file; NULL: it is not held
    touched_at timestamptz      -- when the author last said something
);
CREATE INDEX case_inbox_merged ON case_inbox (merged_into) WHERE merged_into IS NOT NULL;
CREATE TABLE case_voters (report_id uuid, voter text, PRIMARY KEY (report_id, voter));

-- An agency's inbox by position, priority and when the author last said something; by category, status and
-- priority, of which a query walks those that there are; and the indexes of filters that may leave few cases. A
-- query's `position < $n` implies the WHERE.
CREATE INDEX case_inbox_agency ON case_inbox (owner_agency, position) WHERE position IS NOT NULL;
CREATE INDEX case_inbox_priority ON case_inbox (owner_agency, priority_rank, position) WHERE position IS NOT NULL;
CREATE INDEX case_inbox_touched ON case_inbox (owner_agency, touched_at, position) WHERE position IS NOT NULL;
CREATE INDEX case_inbox_kind ON case_inbox (owner_agency, category, status, priority_rank, position)
 WHERE position IS NOT NULL;
CREATE INDEX case_inbox_assignee ON case_inbox (assignee, owner_agency, position)
 WHERE position IS NOT NULL AND assignee IS NOT NULL;
CREATE INDEX case_inbox_unassigned ON case_inbox (owner_agency, position)
 WHERE position IS NOT NULL AND assignee IS NULL;
CREATE INDEX case_inbox_waiting ON case_inbox (owner_agency, position)
 WHERE position IS NOT NULL AND questions_open > 0;
CREATE INDEX case_inbox_forwarded ON case_inbox (owner_agency, position)
 WHERE position IS NOT NULL AND forwarded_at IS NOT NULL;
CREATE INDEX case_inbox_held ON case_inbox (owner_agency, position)
 WHERE position IS NOT NULL AND held_since IS NOT NULL;

-- :members report_id uuid, reporter_user_id text, visibility text
-- :members category text, owner_agency text, content text, location jsonb, status text
-- :members occurred_at timestamptz, created_at timestamptz
-- :members new_status text, changed_at timestamptz, note text
-- :members old_owner_agency text, forwarded_at timestamptz, acknowledged_at text, assignee_user_id text
-- :members priority text, commented_by text, edited_at timestamptz, answered_at timestamptz
-- :members since timestamptz, voter_user_id text, commented_at timestamptz, merged_report_id uuid, into_report_id uuid

-- :on report.created
INSERT INTO case_inbox AS c (report_id, version, position, filed, reporter, visibility, category, owner_agency,
                        content, location, occurred_at, created_at, status, updated_at,
                        former_agencies, priority, priority_set, questions_open, touched_at, acknowledged)
SELECT report_id, version, position, position, reporter_user_id, visibility, category, owner_agency,
       content, location, occurred_at, created_at, status, created_at, '{}', 'medium', false, 0, created_at, '{}'
  FROM batch
    ON CONFLICT (report_id) DO UPDATE -- votes have come before
   SET (version, position, filed, reporter, visibility, category, owner_agency, content, location, occurred_at,
        created_at, status, updated_at, former_agencies, priority, priority_set, questions_open, touched_at,
        acknowledged) =
       (excluded.version, excluded.position, excluded.filed, excluded.reporter, excluded.visibility, excluded.category,
        excluded.owner_agency, excluded.content, excluded.location, excluded.occurred_at, excluded.created_at,
        excluded.status, excluded.updated_at, excluded.former_agencies, excluded.priority, excluded.priority_set,
        excluded.questions_open, excluded.touched_at, excluded.acknowledged);

-- :on report.status.updated
UPDATE case_inbox c
   SET version = greatest(c.version, last.version), status = last.new_status,
       updated_at = last.changed_at, last_note = last.note
  FROM (SELECT DISTINCT ON (stream) report_id, version, new_status, changed_at, note
          FROM batch ORDER BY stream, version DESC) last
 WHERE c.report_id = last.report_id;

-- :on report.edited
UPDATE case_inbox r
   SET version = greatest(r.version, last.version), category = last.category, content = last.content,
       location = last.location, occurred_at = last.occurred_at
  FROM (SELECT DISTINCT ON (stream) report_id, version, category, content, location, occurred_at
          FROM batch ORDER BY stream, version DESC) last
 WHERE r.report_id = last.report_id;

-- :on report.edited, report.forwarded
UPDATE case_inbox r
   SET version = greatest(r.version, moves.version), owner_agency = moves.owner_agency,
       former_agencies = ARRAY(SELECT DISTINCT code COLLATE "C" FROM unnest(r.former_agencies || moves.former) code
                               ORDER BY 1)
  FROM (SELECT report_id, max(version) AS version, (array_agg(owner_agency ORDER BY version DESC))[1] AS owner_agency,
               coalesce(array_agg(old_owner_agency ORDER BY version)
                        FILTER (WHERE old_owner_agency <> owner_agency), '{}') AS former
          FROM batch GROUP BY report_id) moves
 WHERE r.report_id = moves.report_id;

-- :on report.priority.changed
UPDATE case_inbox r
   SET version = greatest(r.version, last.version), priority = last.priority, priority_set = true
  FROM (SELECT DISTINCT ON (stream) report_id, version, priority
          FROM batch ORDER BY stream, version DESC) last
 WHERE r.report_id = last.report_id;

-- :on report.question.asked, report.question.answered
UPDATE case_inbox r
   SET version = greatest(r.version, changed.version), questions_open = r.questions_open + changed.open
  FROM (SELECT report_id, max(version) AS version,
               sum(CASE type WHEN 'report.question.asked' THEN 1 ELSE -1 END) AS open
          FROM batch GROUP BY report_id) changed
 WHERE r.report_id = changed.report_id;

-- :on report.acknowledged
UPDATE case_inbox r
   SET version = greatest(r.version, seen.version), acknowledged = r.acknowledged || seen.acknowledged
  FROM (SELECT report_id, max(version) AS version,
               jsonb_object_agg(owner_agency, acknowledged_at ORDER BY version) AS acknowledged
          FROM batch GROUP BY report_id) seen
 WHERE r.report_id = seen.report_id;

-- Who works on it ends with the agency's ownership.
-- :on report.assigned, report.edited, report.forwarded
UPDATE case_inbox r
   SET version = greatest(r.version, last.version), assignee = last.assignee_user_id
  FROM (SELECT DISTINCT ON (stream) report_id, version, assignee_user_id
          FROM batch WHERE type = 'report.assigned' OR old_owner_agency <> owner_agency
         ORDER BY stream, version DESC) last
 WHERE r.report_id = last.report_id;

-- :on report.edited, report.forwarded
UPDATE case_inbox r
   SET forwarded_at = last.forwarded_at
  FROM (SELECT DISTINCT ON (stream) report_id, forwarded_at
          FROM batch WHERE old_owner_agency <> owner_agency
         ORDER BY stream, version DESC) last
 WHERE r.report_id = last.report_id;

-- :on report.edited, report.question.answered, report.commented
UPDATE case_inbox r
   SET version = greatest(r.version, last.version), touched_at = greatest(r.touched_at, last.touched_at)
  FROM (SELECT report_id, max(version) AS version,
               max(coalesce(edited_at, answered_at, commented_at))
                   FILTER (WHERE commented_by IS DISTINCT FROM 'agency') AS touched_at
          FROM batch GROUP BY report_id) last
 WHERE r.report_id = last.report_id;

-- :on report.upvoted, report.upvote.withdrawn
INSERT INTO case_inbox AS c (report_id, votes)
SELECT report_id, sum(CASE type WHEN 'report.upvoted' THEN 1 ELSE -1 END)
  FROM batch GROUP BY 1
    ON CONFLICT (report_id) DO UPDATE SET votes = coalesce(c.votes, 0) + excluded.votes;

-- Both reports are told; into which one it is merged changes for the merged one.
-- :on report.merged, report.unmerged
UPDATE case_inbox r
   SET version = greatest(r.version, last.version),
       merged_into = CASE WHEN last.own THEN last.merged_into ELSE r.merged_into END,
       position = CASE WHEN NOT last.own THEN r.position WHEN last.merged_into IS NULL THEN r.filed END
  FROM (SELECT report_id, max(version) AS version, bool_or(report_id = merged_report_id) AS own,
               (array_agg(CASE type WHEN 'report.merged' THEN into_report_id END ORDER BY version DESC)
                FILTER (WHERE report_id = merged_report_id))[1] AS merged_into
          FROM batch GROUP BY report_id) last
 WHERE r.report_id = last.report_id;

-- :on report.upvoted, report.upvote.withdrawn
MERGE INTO case_voters v
USING (SELECT DISTINCT ON (stream) report_id, voter_user_id AS voter, type
         FROM batch ORDER BY stream, version DESC) last
   ON v.report_id = last.report_id AND v.voter = last.voter
 WHEN MATCHED AND last.type = 'report.upvote.withdrawn' THEN DELETE
 WHEN NOT MATCHED AND last.type = 'report.upvoted' THEN
      INSERT (report_id, voter) VALUES (last.report_id, last.voter);

-- As in report_rank.
-- :on report.merged, report.unmerged, report.upvoted, report.upvote.withdrawn
INSERT INTO case_inbox AS c (report_id, merged_votes)
SELECT target.report_id, count(DISTINCT v.voter)
  FROM (SELECT into_report_id AS report_id FROM batch WHERE into_report_id IS NOT NULL
         UNION
        SELECT m.merged_into FROM batch JOIN case_inbox m USING (report_id) WHERE m.merged_into IS NOT NULL
         UNION
        SELECT m.merged_into FROM batch JOIN case_inbox m ON m.merged_into = batch.report_id) target
  LEFT JOIN case_inbox m ON m.merged_into = target.report_id
  LEFT JOIN case_voters v ON v.report_id = m.report_id
   AND NOT EXISTS (SELECT FROM case_voters own WHERE own.report_id = target.report_id AND own.voter = v.voter)
 GROUP BY 1
    ON CONFLICT (report_id) DO UPDATE SET merged_votes = excluded.merged_votes;

-- :on case.held, case.resumed
INSERT INTO case_inbox AS c (report_id, held_since)
SELECT DISTINCT ON (stream) report_id, since FROM batch ORDER BY stream, version DESC
    ON CONFLICT (report_id) DO UPDATE SET held_since = excluded.held_since;

-- For types that have no statement here.
-- :version case_inbox report_id report

-- notification_list.sql -- what there is to tell, a line for each event and whom it is told (told.def), never for
-- each person: a reader is matched when they ask. Nothing here rests on the order of two streams.

-- :tables
CREATE TABLE notifications (
    line text PRIMARY KEY,      -- what several events have in common, else the id
    id text,                    -- <report>-<version>; of several e<position> of the newest
    position bigint,            -- of the newest event
    events bigint,
    report_id uuid,             -- of the newest event
    type text,                  -- of the event
    word text,                  -- which of its rules
    kind text,
    audience text,
    whole boolean,              -- only for those who see all of the report
    agency text,                -- that owned the report then
    user_id text,               -- the one who is told; NULL: not one by name
    said text,                  -- new status, level
    clock text,
    at timestamptz
);
CREATE INDEX notifications_people ON notifications (report_id, position) WHERE audience = 'people';
CREATE INDEX notifications_agency ON notifications (agency, position) WHERE audience <> 'people';
CREATE INDEX notifications_parent ON notifications (position) WHERE audience = 'parent';
CREATE TABLE notification_events (      -- what a line of escalations consists of
    position bigint PRIMARY KEY,
    line text,
    report_id uuid,
    word text,
    kind text,
    audience text,
    agency text,
    user_id text,
    clock text,
    level text,
    at timestamptz
);
CREATE INDEX notification_events_line ON notification_events (line, position);
CREATE TABLE notification_assignees (   -- who has worked on a report since which of its events
    report_id uuid,
    version bigint,
    assignee text,              -- NULL: nobody
    PRIMARY KEY (report_id, version)
);
CREATE TABLE notification_authors (
    author text,                -- user id, or the pseudonym of an anonymous author; no query shows it
    report_id uuid,
    PRIMARY KEY (author, report_id)
);
CREATE TABLE notification_follows (
    follower text,              -- as author
    report_id uuid,
    version bigint,             -- of the follow's stream
    begins bigint,              -- positions between which they follow it
    ends bigint,                -- NULL: they still do
    PRIMARY KEY (follower, report_id, version)
);
CREATE TABLE notification_readers (
    user_id text PRIMARY KEY,
    begins bigint,              -- position at which they got role and agency
    read_to bigint              -- all up to here is read
);
CREATE TABLE notification_reads (
    reader text,                -- as author
    id text,
    PRIMARY KEY (reader, id)
);

-- :members report_id uuid, reporter_user_id text, reporter_pseudonym text, follower_user_id text
-- :members follower_pseudonym text, assignee_user_id text, old_owner_agency text, owner_agency text
-- :members new_status text, commented_by text, merged_report_id uuid, target text, clock text, level text
-- :members changed_at timestamptz, asked_at timestamptz, answered_at timestamptz, commented_at timestamptz
-- :members merged_at timestamptz, unmerged_at timestamptz, forwarded_at timestamptz, assigned_at timestamptz
-- :members fired_at timestamptz, user_id text, reader_user_id text, reader_pseudonym text, notification_id text
-- :members up_to bigint, superseded boolean

-- :on report.created
INSERT INTO notification_authors (author, report_id)
SELECT coalesce(reporter_user_id, reporter_pseudonym), report_id
  FROM batch WHERE coalesce(reporter_user_id, reporter_pseudonym) IS NOT NULL;

-- :on report.followed
INSERT INTO notification_follows (follower, report_id, version, begins)
SELECT coalesce(follower_user_id, follower_pseudonym), report_id, version, position FROM batch;

-- :on report.unfollowed
UPDATE notification_follows f SET ends = batch.position
  FROM batch
 WHERE f.follower = coalesce(batch.follower_user_id, batch.follower_pseudonym)
   AND f.report_id = batch.report_id AND f.version = batch.version - 1;

-- :on report.assigned, report.edited, report.forwarded
INSERT INTO notification_assignees (report_id, version, assignee)
SELECT report_id, version, assignee_user_id
  FROM batch WHERE type = 'report.assigned' OR old_owner_agency <> owner_agency;

-- :on report.status.updated, report.question.asked, report.question.answered, report.commented, report.merged, report.unmerged, report.forwarded, report.assigned
INSERT INTO notifications (line, id, position, events, report_id, type, word, kind, audience, whole, agency, user_id, said, at)
SELECT told.id, told.id, position, 1, report_id, told.type, rule.word, rule.kind, rule.audience, rule.whole, owner_agency,
       assignee_user_id, new_status, at
  FROM (SELECT concat(report_id, '-', version) AS id, position, report_id, type, owner_agency, assignee_user_id, new_status,
               coalesce(changed_at, asked_at, answered_at, commented_at, merged_at, unmerged_at, forwarded_at,
                        assigned_at) AS at,
               CASE type WHEN 'report.commented' THEN commented_by
                         WHEN 'report.assigned' THEN CASE WHEN assignee_user_id IS NOT NULL THEN 'somebody' END
                         ELSE CASE WHEN report_id = merged_report_id THEN 'merged' END END AS says
          FROM batch) told
  JOIN (VALUES
-- :fragment notification_rules
) rule (type, word, kind, audience, whole) ON rule.type = told.type AND rule.word IN ('', told.says);

-- :on report.escalated
INSERT INTO notification_events (position, line, report_id, word, kind, audience, agency, user_id, clock, level, at)
SELECT position, concat_ws(' ', audience, owner_agency, assignee, clock, level, minute), report_id, word, kind, audience,
       owner_agency, assignee, clock, level, fired_at
  FROM (SELECT position, report_id, owner_agency, split_part(clock, ':', 1) AS clock, level, fired_at, rule.word, rule.kind,
               extract(epoch FROM date_trunc('minute', fired_at))::bigint AS minute,
               CASE WHEN rule.audience = 'assignee' AND works.assignee IS NULL THEN 'officers'
                    ELSE rule.audience END AS audience,
               CASE rule.audience WHEN 'assignee' THEN works.assignee END AS assignee
          FROM batch
          JOIN (VALUES
-- :fragment notification_rules
) rule (type, word, kind, audience, whole) ON rule.type = batch.type AND rule.word = batch.target
          LEFT JOIN LATERAL (SELECT assignee FROM notification_assignees a
                              WHERE a.report_id = batch.report_id AND a.version < batch.version
                              ORDER BY a.version DESC LIMIT 1) works ON true
         WHERE NOT superseded) told; -- of what came too late to be told one by one the highest level is

-- :on report.escalated
INSERT INTO notifications AS n (line, id, position, events, report_id, type, word, kind, audience, whole, agency, user_id,
                                said, clock, at)
SELECT e.line, concat('e', max(e.position)), max(e.position), count(*), (array_agg(e.report_id ORDER BY e.position DESC))[1],
       'report.escalated', min(e.word), min(e.kind), min(e.audience), true, min(e.agency), min(e.user_id), min(e.level),
       min(e.clock), (array_agg(e.at ORDER BY e.position DESC))[1]
  FROM notification_events e JOIN batch USING (position)
 GROUP BY e.line
    ON CONFLICT (line) DO UPDATE
   SET events = n.events + excluded.events,
       position = greatest(n.position, excluded.position),
       id = concat('e', greatest(n.position, excluded.position)),
       report_id = CASE WHEN excluded.position > n.position THEN excluded.report_id ELSE n.report_id END,
       at = CASE WHEN excluded.position > n.position THEN excluded.at ELSE n.at END;

-- :on user.registered, user.role.changed
INSERT INTO notification_readers AS r (user_id, begins)
SELECT user_id, max(position) FROM batch GROUP BY 1
    ON CONFLICT (user_id) DO UPDATE SET begins = greatest(r.begins, excluded.begins);

-- :on notification.read
INSERT INTO notification_reads (reader, id) -- nobody has read what comes later
SELECT DISTINCT coalesce(reader_user_id, reader_pseudonym), notification_id FROM batch
 WHERE CASE WHEN notification_id ~ '^e[0-9]+$' THEN substr(notification_id, 2)::numeric < position ELSE true END
    ON CONFLICT (reader, id) DO NOTHING;

-- :on notification.read_all
INSERT INTO notification_readers AS r (user_id, read_to)
SELECT reader_user_id, max(least(up_to, position)) FROM batch GROUP BY 1
    ON CONFLICT (user_id) DO UPDATE SET read_to = greatest(r.read_to, excluded.read_to);

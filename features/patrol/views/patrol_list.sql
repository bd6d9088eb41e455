-- patrol_list.sql -- one row per patrol, who is in its crew, and the rules of the installation. Where patrols are is
-- no view of the log.

-- :tables
CREATE TABLE patrol_list (
    patrol_id uuid PRIMARY KEY,
    version bigint,             -- of the patrol's stream
    position bigint,            -- when it was registered or edited last
    call_sign text,
    agency text,
    skills jsonb,               -- of words
    status text,                -- NULL: as it began, off_duty
    status_at timestamptz,
    returned_at timestamptz,    -- when a dispatch of it was cleared last; NULL: none yet
    lost_at timestamptz,        -- NULL: its position is known, or was never
    registered_at timestamptz
);
CREATE INDEX patrol_list_agency ON patrol_list (agency, call_sign);
CREATE INDEX patrol_list_on_duty ON patrol_list (status_at) WHERE status IN ('available', 'returning');
CREATE TABLE patrol_crew (
    user_id text PRIMARY KEY,
    patrol_id uuid,
    joined_at timestamptz
);
CREATE INDEX patrol_crew_patrol ON patrol_crew (patrol_id);
CREATE TABLE patrol_rules (
    name text PRIMARY KEY,
    version bigint,
    transitions text,
    offer_seconds bigint,
    defined_at timestamptz
);

-- :members patrol_id uuid, call_sign text, agency text, skills jsonb, registered_at timestamptz
-- :members new_status text, dispatch_status text, changed_at timestamptz, lost_at timestamptz
-- :members user_id text, joined_at timestamptz, transitions text, offer_seconds bigint, defined_at timestamptz

-- :on patrol.registered
INSERT INTO patrol_list AS p (patrol_id, version, position, call_sign, agency, skills, registered_at)
SELECT DISTINCT ON (stream) patrol_id, version, position, call_sign, agency, skills, registered_at
  FROM batch ORDER BY stream, version DESC
    ON CONFLICT (patrol_id) DO UPDATE
   SET version = greatest(p.version, excluded.version), position = excluded.position, call_sign = excluded.call_sign,
       agency = excluded.agency, skills = excluded.skills, registered_at = excluded.registered_at;

-- :on patrol.status.updated
INSERT INTO patrol_list AS p (patrol_id, version, status, status_at, returned_at)
SELECT patrol_id, max(version), (array_agg(new_status ORDER BY version DESC))[1],
       (array_agg(changed_at ORDER BY version DESC))[1],
       (array_agg(changed_at ORDER BY version DESC) FILTER (WHERE dispatch_status = 'CLEARED'))[1]
  FROM batch GROUP BY patrol_id
    ON CONFLICT (patrol_id) DO UPDATE
   SET version = greatest(p.version, excluded.version), status = excluded.status, status_at = excluded.status_at,
       returned_at = coalesce(excluded.returned_at, p.returned_at);

-- Only patrol.position.lost has a `lost_at`.
-- :on patrol.position.lost, patrol.position.found
INSERT INTO patrol_list AS p (patrol_id, version, lost_at)
SELECT DISTINCT ON (stream) patrol_id, version, lost_at
  FROM batch ORDER BY stream, version DESC
    ON CONFLICT (patrol_id) DO UPDATE SET version = greatest(p.version, excluded.version), lost_at = excluded.lost_at;

-- Each is told twice, on the patrol's stream and on the user's, whose order is that of the user's crews.
-- :on patrol.crew.joined, patrol.crew.left
MERGE INTO patrol_crew c
USING (SELECT DISTINCT ON (user_id) user_id, patrol_id, type, joined_at
         FROM batch WHERE stream = 'crew-' || user_id ORDER BY user_id, version DESC) last
   ON c.user_id = last.user_id
 WHEN MATCHED AND last.type = 'patrol.crew.left' THEN DELETE
 WHEN MATCHED THEN UPDATE SET patrol_id = last.patrol_id, joined_at = last.joined_at
 WHEN NOT MATCHED AND last.type = 'patrol.crew.joined' THEN
      INSERT (user_id, patrol_id, joined_at) VALUES (last.user_id, last.patrol_id, last.joined_at);

-- :on patrol.crew.joined, patrol.crew.left
INSERT INTO patrol_list AS p (patrol_id, version)
SELECT patrol_id, max(version) FROM batch WHERE stream = 'patrol-' || patrol_id GROUP BY patrol_id
    ON CONFLICT (patrol_id) DO UPDATE SET version = greatest(p.version, excluded.version);

-- :on patrol.rules.defined
INSERT INTO patrol_rules AS r (name, version, transitions, offer_seconds, defined_at)
SELECT DISTINCT ON (stream) 'default', version, transitions, offer_seconds, defined_at
  FROM batch ORDER BY stream, version DESC
    ON CONFLICT (name) DO UPDATE
   SET version = excluded.version, transitions = excluded.transitions, offer_seconds = excluded.offer_seconds,
       defined_at = excluded.defined_at;

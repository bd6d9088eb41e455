-- agency_list.sql -- one row per agency.

-- :tables
CREATE TABLE agency_list (
    code text PRIMARY KEY,
    position bigint,
    names jsonb,
    parent text,
    active boolean,
    version bigint              -- of the agency's stream
);

-- :members code text, names jsonb, parent text, active boolean

-- :on agency.defined
INSERT INTO agency_list AS a (code, position, names, parent, active, version)
SELECT DISTINCT ON (stream) code, position, names, parent, active, version
  FROM batch ORDER BY stream, version DESC
    ON CONFLICT (code) DO UPDATE
   SET position = excluded.position, names = excluded.names, parent = excluded.parent,
       active = excluded.active, version = excluded.version;

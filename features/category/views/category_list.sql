-- category_list.sql -- one row per category of reports.

-- :tables
CREATE TABLE category_list (
    code text PRIMARY KEY,
    position bigint,
    names jsonb,
    agency text,
    kind text,
    sensitive boolean,
    active boolean,
    version bigint              -- of the category's stream
);

-- :members code text, names jsonb, agency text, kind text, sensitive boolean, active boolean

-- :on category.defined
INSERT INTO category_list AS c (code, position, names, agency, kind, sensitive, active, version)
SELECT DISTINCT ON (stream) code, position, names, agency, kind, sensitive, active, version
  FROM batch ORDER BY stream, version DESC
    ON CONFLICT (code) DO UPDATE
   SET position = excluded.position, names = excluded.names, agency = excluded.agency,
       kind = excluded.kind, sensitive = excluded.sensitive, active = excluded.active,
       version = excluded.version;

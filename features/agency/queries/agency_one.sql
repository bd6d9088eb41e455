-- agency_one.sql -- one agency, active or not.
-- $1 language, $2 code
SELECT to_json(shown)::text, version
  FROM (SELECT code, version, coalesce(names->>$1::text, names->>'en', (SELECT min(value) FROM jsonb_each_text(names))) AS name,
               names, parent, active
          FROM agency_list.agency_list WHERE code = $2) shown

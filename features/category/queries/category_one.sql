-- category_one.sql -- one category, active or not.
-- $1 language, $2 code
SELECT to_json(shown)::text, version
  FROM (SELECT code, version, coalesce(names->>$1::text, names->>'en', (SELECT min(value) FROM jsonb_each_text(names))) AS name,
               names, agency, kind, sensitive, active
          FROM category_list.category_list WHERE code = $2) shown

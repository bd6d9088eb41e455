-- category_all.sql -- the categories a report can have now, or ($2 is true) all there ever were: old reports name them.
-- Few, so there are no pages. $1 language
SELECT json_build_object('data', coalesce(json_agg(to_json(shown) ORDER BY shown.code), '[]'), 'next', NULL)::text
  FROM (SELECT code, version, coalesce(names->>$1::text, names->>'en', (SELECT min(value) FROM jsonb_each_text(names))) AS name,
               names, agency, kind, sensitive, active
          FROM category_list.category_list WHERE active OR $2 = 'true') shown

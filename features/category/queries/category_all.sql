-- category_all.sql -- the categories a report can have now; few, so there are no pages. $1 language
SELECT json_build_object('data', coalesce(json_agg(to_json(shown) ORDER BY shown.code), '[]'), 'next', NULL)::text
  FROM (SELECT code, coalesce(names->>$1::text, names->>'en', (SELECT min(value) FROM jsonb_each_text(names))) AS name,
               names, agency, kind, sensitive
          FROM category_list.category_list WHERE active) shown

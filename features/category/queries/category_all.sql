-- category_all.sql -- the categories a report can have now; few, so there are no pages.
SELECT json_build_object('data', coalesce(json_agg(to_json(shown) ORDER BY shown.code), '[]'), 'next', NULL)::text
  FROM (SELECT code, names, agency, kind, sensitive FROM category_list.category_list WHERE active) shown

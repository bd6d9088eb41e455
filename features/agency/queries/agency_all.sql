-- agency_all.sql -- all agencies, also those that are not active: old reports name them. Few, so there are no pages.
-- $1 language
SELECT json_build_object('data', coalesce(json_agg(to_json(shown) ORDER BY shown.code), '[]'), 'next', NULL)::text
  FROM (SELECT code, version, coalesce(names->>$1::text, names->>'en', (SELECT min(value) FROM jsonb_each_text(names))) AS name,
               names, parent, active
          FROM agency_list.agency_list) shown

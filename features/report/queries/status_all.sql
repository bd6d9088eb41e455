-- status_all.sql -- the states a report can have, in their order, and what they are called. $1 language
SELECT json_build_object('data', json_agg(json_build_object('code', s.code, 'text', s.said) ORDER BY s.place), 'next', NULL)::text
  FROM (VALUES
-- :fragment status_texts
) s(place, code, language, said)
 WHERE s.language = $1::text

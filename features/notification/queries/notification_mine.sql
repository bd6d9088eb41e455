-- notification_mine.sql -- what who asks is told, newest first, and how much of it they have not read. Only of reports
-- that they still see, and of an agency only what came since they got role and agency.
-- $1 limit; who asks: $2 user, $3 pseudonym, $4 role, $5 agency; $6 position of the last row seen; $7 language;
-- $8 unread, $9 kind
-- :with notification_heard
, newest AS (SELECT * FROM notification_heard WHERE asked = 'page' ORDER BY position DESC LIMIT $1::int)
SELECT json_build_object(
           'data', coalesce(json_agg(item.json ORDER BY page.position DESC), '[]'),
           'unread_count', (SELECT least(count(*), 1000) FROM notification_heard WHERE asked = 'count'),
           'unread_capped', (SELECT count(*) > 1000 FROM notification_heard WHERE asked = 'count'))::text,
       (array_agg(page.position ORDER BY page.position DESC))[$1::int] AS next_position
  FROM newest page
  JOIN (VALUES
-- :fragment notification_texts
) t (type, word, first, language, said)
    ON t.type = page.type AND t.word = page.word AND t.language = $7::text
   AND t.first = CASE page.audience WHEN 'people' THEN page.own ELSE page.events = 1 END
  LEFT JOIN (VALUES
-- :fragment status_texts
) s (place, code, language, said) ON s.code = page.said AND s.language = $7::text
  LEFT JOIN agency_list.agency_list a ON a.code = page.agency
 CROSS JOIN LATERAL (SELECT to_json(shown) AS json FROM (
           SELECT page.id, CASE WHEN page.events = 1 AND page.sees THEN page.report_id END AS report_id, page.kind,
                  replace(replace(replace(replace(replace(t.said,
                      '{status}', coalesce(CASE $7::text WHEN 'en' THEN s.code ELSE s.said END, '')),
                      '{level}', coalesce(page.said, '')), '{clock}', coalesce(page.clock, '')),
                      '{count}', page.events::text),
                      '{agency}', coalesce(a.names->>$7::text, a.names->>'en', page.agency)) AS message,
                  page.events AS count, page.read AS is_read, engine.rfc3339(page.at) AS created_at) shown) item

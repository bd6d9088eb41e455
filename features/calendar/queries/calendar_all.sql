-- calendar_all.sql -- the calendars; few, so there are no pages. Their holidays are counted, calendar_one shows them.
SELECT json_build_object('data', coalesce(json_agg(to_json(shown) ORDER BY shown.calendar_id), '[]'), 'next', NULL)::text
  FROM (SELECT calendar_id, version, zone, hours, jsonb_array_length(holidays) AS holiday_count,
               engine.rfc3339(defined_at) AS defined_at
          FROM calendar_list.calendar_list) shown

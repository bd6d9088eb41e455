-- calendar_one.sql -- one calendar with its holidays and the offsets its zone has. $1 id
SELECT to_json(shown)::text, shown.version
  FROM (SELECT calendar_id, version, zone, hours, holidays, zone_changes, engine.rfc3339(defined_at) AS defined_at
          FROM calendar_list.calendar_list WHERE calendar_id = $1) shown

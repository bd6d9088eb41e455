-- calendar_list.sql -- one row per calendar: zone, hours and holidays as they are now.

-- :tables
CREATE TABLE calendar_list (
    calendar_id text PRIMARY KEY,
    position bigint,
    version bigint,
    zone text,
    hours jsonb,
    holidays jsonb,
    zone_changes jsonb,
    defined_at timestamptz
);

-- :members calendar_id text, zone text, hours jsonb, holidays jsonb, zone_changes jsonb, defined_at timestamptz

-- :on calendar.defined
INSERT INTO calendar_list AS c (calendar_id, position, version, zone, hours, holidays, zone_changes, defined_at)
SELECT DISTINCT ON (stream) calendar_id, position, version, zone, hours, holidays, zone_changes, defined_at
  FROM batch ORDER BY stream, version DESC
    ON CONFLICT (calendar_id) DO UPDATE
   SET position = excluded.position, version = excluded.version, zone = excluded.zone, hours = excluded.hours,
       holidays = excluded.holidays, zone_changes = excluded.zone_changes, defined_at = excluded.defined_at;

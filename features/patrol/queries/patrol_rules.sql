-- patrol_rules.sql -- what the installation holds patrols to.
SELECT to_json(shown)::text, shown.version
  FROM (SELECT version, transitions, offer_seconds, engine.rfc3339(defined_at) AS defined_at
          FROM patrol_list.patrol_rules WHERE name = 'default') shown

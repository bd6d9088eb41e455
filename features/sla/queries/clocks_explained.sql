-- clocks_explained.sql -- what the clocks of one report follow from, with the time it is, for explained.h, which folds them: for the agency that
-- owns the case and those that did. Nobody else: a hold is the agency's own.
-- $1 report; who asks: $2 user, $3 pseudonym, $4 agency (NULL: all); $5 language; $6 another number each second
SELECT json_build_object('now', (extract(epoch FROM now()) * 1000000)::bigint, 'language', $5::text, 'report', r.kept,
           'policies', (SELECT coalesce(json_agg(json_build_object('version', p.version, 'data', p.data)
                                                 ORDER BY p.id COLLATE "C", p.version), '[]')
                          FROM sla.policy_version p WHERE (p.id, p.version) IN (
                              SELECT e->>'policy', (e->>'policy_version')::bigint FROM json_array_elements(r.kept->'entries') e)),
           'calendars', (SELECT coalesce(json_agg(json_build_object('version', k.version, 'data', k.data)
                                                  ORDER BY k.id COLLATE "C", k.version), '[]')
                           FROM sla.calendar_version k WHERE (k.id, k.version) IN (
                               SELECT e->>'calendar', (e->>'calendar_version')::bigint FROM json_array_elements(r.kept->'entries') e)))::text,
       r.kept->>'report_version' AS version,
-- :include report_read
  FROM (SELECT state::json AS kept FROM sla.report_clocks s JOIN case_inbox.case_inbox c USING (report_id)
         WHERE s.report_id = $1::uuid AND $6::bigint IS NOT NULL AND ($4::text IS NULL OR c.owner_agency = $4 OR c.former_agencies @> ARRAY[$4])) r

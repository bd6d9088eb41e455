-- sla_status.sql -- the clocks `resolve` of reports: those that run by when they are due, then those that are paused,
-- then those that have ended, newest first (due_order: sla-worker/clock_view.h).
-- $1 limit; who asks: $2 user, $3 pseudonym, $4 role, $5 agency; $6, $7 keys of the last row seen; $8 overdue, true or
-- false; $9 agency; $10 level; $11 report; $12 changes each second
--
-- A list shows what everybody sees; to officers and supervisors also what their agency owns, to admins all. Of one report
-- `sight` decides. However many there are, of each kind, which are few and found by one step in the index each, and of
-- each span of due_order no more rows are read than the page may have.
WITH RECURSIVE kind AS (
    (SELECT owner_agency, shown_to, escalation_level FROM sla.report_clocks
      WHERE $11::uuid IS NULL AND shown_to IS NOT NULL
      ORDER BY owner_agency, shown_to, escalation_level LIMIT 1)
    UNION ALL
    SELECT next.* FROM kind k CROSS JOIN LATERAL (
           SELECT owner_agency, shown_to, escalation_level FROM sla.report_clocks c
            WHERE shown_to IS NOT NULL
              AND (c.owner_agency, c.shown_to, c.escalation_level) > (k.owner_agency, k.shown_to, k.escalation_level)
            ORDER BY owner_agency, shown_to, escalation_level LIMIT 1) next
), moment AS MATERIALIZED (
    SELECT now() AS at, (extract(epoch FROM now()) * 1000000)::bigint AS us WHERE $12::bigint IS NOT NULL
), span AS MATERIALIZED (
    SELECT 0::bigint AS first, 9223372036854775807 AS last WHERE $8::boolean IS NULL
    UNION ALL
    SELECT first, last FROM moment CROSS JOIN LATERAL (VALUES
           (0::bigint, us, true), (us + 1, 2999999999999999999, false),
           (3000000000000000000, 4000000000000000000, true), (4000000000000000001, 9223372036854775807, false))
           s (first, last, is_overdue)
     WHERE is_overdue = $8::boolean
), page AS MATERIALIZED (
    (SELECT row.* FROM kind k CROSS JOIN span s CROSS JOIN LATERAL (
            SELECT report_id, due_order, filed FROM sla.report_clocks c
             WHERE c.owner_agency = k.owner_agency AND c.shown_to = k.shown_to AND c.escalation_level = k.escalation_level
               AND (c.due_order, c.filed) > (greatest($6::bigint, s.first - 1), -- one lower bound, where the index begins
                                             CASE WHEN $6::bigint < s.first THEN 9223372036854775807 ELSE $7::bigint END)
               AND c.due_order <= s.last
             ORDER BY c.due_order, c.filed LIMIT $1::int) row
      WHERE (k.shown_to = 'ALL' OR $4::text = 'ADMIN' OR ($4::text IN ('OFFICER', 'SUPERVISOR') AND k.owner_agency = $5::text))
        AND ($9::text IS NULL OR k.owner_agency = $9) AND ($10::int IS NULL OR k.escalation_level = $10::int)
      ORDER BY due_order, filed LIMIT $1::int)
    UNION ALL
    SELECT c.report_id, c.due_order, c.filed
      FROM sla.report_clocks c
      JOIN report_detail.report_detail r ON r.report_id = c.report_id AND r.position IS NOT NULL
      JOIN span s ON c.due_order BETWEEN s.first AND s.last
     CROSS JOIN LATERAL (SELECT
-- :fragment report_sight
           AS sight) who
     WHERE c.report_id = $11::uuid AND who.sight IS NOT NULL AND c.sla_status IS NOT NULL
       AND ($9::text IS NULL OR c.owner_agency = $9) AND ($10::int IS NULL OR c.escalation_level = $10::int)
       AND (c.due_order, c.filed) > ($6::bigint, $7::bigint)
)
SELECT json_build_object('data', coalesce(json_agg(item.json ORDER BY due_order, filed), '[]'))::text,
       (array_agg(due_order ORDER BY due_order, filed))[$1::int] AS next_due_order,
       (array_agg(filed ORDER BY due_order, filed))[$1::int] AS next_filed
  FROM page
  JOIN (SELECT report_id, status, category, owner_agency, sla_status, due_at, remaining_us, level_name, escalation_level
          FROM sla.report_clocks) c USING (report_id)
 CROSS JOIN moment
 CROSS JOIN LATERAL (SELECT to_json(shown) AS json FROM (
           SELECT report_id, c.status AS current_status, c.category, c.owner_agency, c.sla_status,
                  engine.rfc3339(c.due_at) AS due_at,
-- :fragment clock_overdue
                      AS is_overdue,
-- :fragment clock_remaining
                      AS remaining_seconds, c.escalation_level, c.level_name AS level) shown) item

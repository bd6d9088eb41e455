-- case_inbox_filtered.sql -- a page of the inbox with filters, or of all agencies.
--
-- However rare the cases are that fit, a page looks at so many rows as its limit says. If one of the filters
-- leaves few cases (`rare`), those are read and sorted. Else the page is merged from lanes, each a range of an
-- index in the order asked for: one an agency, or one for each category, status and priority if the filter names
-- one of them. Of each lane the first rows are looked at; the page ends at the `horizon`, behind which a lane has
-- rows that were not looked at. So a page may be short, or empty, and go on.
-- A branch whose $ are not as it wants costs nothing: the plan is made for the values at hand.

-- The kinds of cases that the agency has, or had; also of those that are not in the views of the inbox yet.
WITH kind AS MATERIALIZED (
    SELECT owner_agency, category, status FROM case_counts.case_counts
     WHERE ($4::text IS NULL OR owner_agency = $4) AND ($6::text IS NULL OR category = $6)
), kind_lane AS MATERIALIZED (
    SELECT owner_agency, category, status, rank
      FROM kind CROSS JOIN generate_series(1, array_length(
-- :fragment priority_words
           , 1)) rank
     WHERE coalesce($5::text, $6::text, $9::text) IS NOT NULL AND ($5::text IS NULL OR status = $5)
       AND ($9::text IS NULL OR rank = array_position(
-- :fragment priority_words
           , $9::text))

-- The trigram index is quick where a text has letters that are rare. Which are is told by what the newest reports
-- hold; around those a few letters more are searched by the index.
), newest_text AS MATERIALIZED (
    SELECT content FROM case_texts.case_texts ORDER BY report_id DESC LIMIT 500
), rare_letters AS MATERIALIZED (
    SELECT '%' || regexp_replace(substr($12::text, greatest(1, at - 3), 9), '([\\%_])', '\\\1', 'g') || '%' AS pattern
      FROM generate_series(1, length($12::text) - 2, greatest(1, length($12::text) / 12)) at
     CROSS JOIN LATERAL (SELECT count(*) AS hits FROM (
               SELECT FROM newest_text WHERE content ILIKE '%' || substr($12::text, at, 3) || '%' LIMIT 6) hit) found
     WHERE substr($12::text, at, 3) ~ '^[[:alnum:]]{3}$' AND hits < 6
     ORDER BY hits, at LIMIT 1

-- Without LIMIT, which would have the planner prefer to read the table: who asks takes the first rows.
), text_found AS MATERIALIZED (
    SELECT row.report_id FROM rare_letters r CROSS JOIN LATERAL (
           SELECT report_id FROM case_texts.case_texts WHERE content ILIKE r.pattern OFFSET 0) row

-- What each filter alone leaves, as far as it is few. Lanes of a kind need it if another filter is given too, or
-- the order is not theirs.
), left_by AS MATERIALIZED (
    (SELECT 'kind' AS filter, row.report_id FROM kind_lane k CROSS JOIN LATERAL (
            SELECT report_id FROM case_inbox.case_inbox c
             WHERE c.owner_agency = k.owner_agency AND c.category = k.category AND c.status = k.status
               AND c.priority_rank = k.rank AND position IS NOT NULL LIMIT 40 * $1::int + 1) row
      WHERE $7 IN ('touched', 'due') OR coalesce($8::text, $10::text, $11::text, $12::text, $13::text, $14::text) IS NOT NULL
      LIMIT 40 * $1::int + 1)
    UNION ALL
    (SELECT 'assignee', report_id FROM case_inbox.case_inbox
      WHERE $8 <> 'none' AND assignee = $8 AND ($4::text IS NULL OR owner_agency = $4) AND position IS NOT NULL
      LIMIT 40 * $1::int + 1)
    UNION ALL
    (SELECT 'assignee', report_id FROM case_inbox.case_inbox
      WHERE $8 = 'none' AND assignee IS NULL AND ($4::text IS NULL OR owner_agency = $4) AND position IS NOT NULL
      LIMIT 40 * $1::int + 1)
    UNION ALL
    (SELECT 'waiting', report_id FROM case_inbox.case_inbox
      WHERE $10 = 'true' AND questions_open > 0 AND ($4::text IS NULL OR owner_agency = $4) AND position IS NOT NULL
      LIMIT 40 * $1::int + 1)
    UNION ALL
    (SELECT 'forwarded', report_id FROM case_inbox.case_inbox
      WHERE $11 = 'true' AND forwarded_at IS NOT NULL AND ($4::text IS NULL OR owner_agency = $4)
        AND position IS NOT NULL
      LIMIT 40 * $1::int + 1)
    UNION ALL
    (SELECT 'on hold', report_id FROM case_inbox.case_inbox
      WHERE $13 = 'true' AND held_since IS NOT NULL AND ($4::text IS NULL OR owner_agency = $4)
        AND position IS NOT NULL
      LIMIT 40 * $1::int + 1)
    UNION ALL
    (SELECT 'text', report_id FROM text_found LIMIT 40 * $1::int + 1)
    UNION ALL
    -- Two spans of the order in which they are due, one of those that run and one of those that are paused.
    (SELECT 'overdue', row.report_id
       FROM (SELECT DISTINCT owner_agency FROM kind) a
      CROSS JOIN (VALUES (0::bigint, (extract(epoch FROM now()) * 1000000)::bigint),
                         (3000000000000000000, 4000000000000000000)) span (first, last)
      CROSS JOIN LATERAL (
            SELECT report_id FROM sla.report_clocks k
             WHERE k.owner_agency = a.owner_agency AND due_order BETWEEN span.first AND span.last
             ORDER BY due_order LIMIT 40 * $1::int + 1) row
      WHERE $14 = 'true' LIMIT 40 * $1::int + 1)
), rare AS MATERIALIZED (
    SELECT filter
      FROM (VALUES ('kind', coalesce($5::text, $6::text, $9::text) IS NOT NULL AND
                            ($7 IN ('touched', 'due') OR coalesce($8::text, $10::text, $11::text, $12::text, $13::text, $14::text) IS NOT NULL)),
                   ('assignee', $8::text IS NOT NULL), ('waiting', $10 = 'true'), ('forwarded', $11 = 'true'),
                   ('on hold', $13 = 'true'), ('overdue', $14 = 'true'),
                   ('text', EXISTS (SELECT FROM rare_letters))) given (filter, is_given)
     CROSS JOIN LATERAL (SELECT count(*) AS cases FROM left_by l WHERE l.filter = given.filter) found
     WHERE is_given AND cases <= 40 * $1::int
     ORDER BY filter = 'kind', cases LIMIT 1

-- `enough`: how many rows of each lane are looked at.
), lane AS MATERIALIZED (
    SELECT row_number() OVER () AS lane,
           CASE WHEN coalesce($8::text, $10::text, $11::text, $12::text, $13::text, $14::text) IS NULL AND (status IS NULL OR $7 <> 'touched')
                THEN $1::int ELSE greatest($1::int, 20 * $1::int / count(*) OVER ()) END AS enough, found.*
      FROM (SELECT owner_agency, category, status, rank FROM kind_lane WHERE $7 NOT IN ('touched', 'due')
            UNION ALL
            SELECT DISTINCT owner_agency, NULL, NULL, NULL::int FROM kind
             WHERE $7 IN ('touched', 'due') OR coalesce($5::text, $6::text, $9::text) IS NULL) found
     WHERE NOT EXISTS (SELECT FROM rare)
), looked_at AS MATERIALIZED (
    SELECT source, lane, enough, id AS report_id, status,
           CASE $7 WHEN 'priority' THEN priority_rank WHEN 'due' THEN 9223372036854775807 - due_order
                   WHEN 'touched' THEN (extract(epoch FROM touched_at) * 1000000)::bigint ELSE 0 END AS key1,
           CASE $7 WHEN 'oldest' THEN 9223372036854775807 - position WHEN 'due' THEN 9223372036854775807 - filed_at
                   ELSE position END AS key2,
           position IS NOT NULL AND ($4::text IS NULL OR owner_agency = $4)
           AND ($14::text IS NULL OR $14::boolean = coalesce(
                    due_order <= (extract(epoch FROM now()) * 1000000)::bigint
                    OR due_order BETWEEN 3000000000000000000 AND 4000000000000000000, false))
           AND ($6::text IS NULL OR category = $6)
           AND ($9::text IS NULL OR priority_rank = array_position(
-- :fragment priority_words
               , $9::text))
           AND ($8::text IS NULL OR CASE $8 WHEN 'none' THEN assignee IS NULL ELSE assignee = $8 END)
           AND ($10::text IS NULL OR (questions_open > 0) = $10::boolean)
           AND ($11::text IS NULL OR (forwarded_at IS NOT NULL) = $11::boolean)
           AND ($13::text IS NULL OR (held_since IS NOT NULL) = $13::boolean)
           AND ($12::text IS NULL OR content ILIKE '%' || regexp_replace($12::text, '([\\%_])', '\\\1', 'g') || '%') AS fits
      FROM (
        -- By position the index of one filter, if it has one, leads to its rows alone.
        SELECT 'lane' AS source, lane, enough, row.report_id AS id, NULL::bigint AS due, NULL::bigint AS due_filed, row.*
          FROM lane l CROSS JOIN LATERAL (
               SELECT * FROM case_inbox.case_inbox c
                WHERE c.owner_agency = l.owner_agency AND position < $3::bigint
                  AND ($8::text IS NULL OR $8 = 'none' OR assignee = $8)
                  AND ($8::text IS NULL OR $8 <> 'none' OR assignee IS NULL)
                  AND ($8::text IS NOT NULL OR $10 IS DISTINCT FROM 'true' OR questions_open > 0)
                  AND ($8::text IS NOT NULL OR $10 = 'true' OR $11 IS DISTINCT FROM 'true' OR forwarded_at IS NOT NULL)
                  AND (coalesce($8::text, nullif($10, 'false'), nullif($11, 'false')) IS NOT NULL
                       OR $13 IS DISTINCT FROM 'true' OR held_since IS NOT NULL)
                ORDER BY position DESC LIMIT l.enough) row
         WHERE $7 = 'newest' AND l.status IS NULL
        UNION ALL
        SELECT 'lane', lane, enough, row.report_id, NULL, NULL, row.* FROM lane l CROSS JOIN LATERAL (
               SELECT * FROM case_inbox.case_inbox c
                WHERE c.owner_agency = l.owner_agency AND position > 9223372036854775807 - $3::bigint
                  AND ($8::text IS NULL OR $8 = 'none' OR assignee = $8)
                  AND ($8::text IS NULL OR $8 <> 'none' OR assignee IS NULL)
                  AND ($8::text IS NOT NULL OR $10 IS DISTINCT FROM 'true' OR questions_open > 0)
                  AND ($8::text IS NOT NULL OR $10 = 'true' OR $11 IS DISTINCT FROM 'true' OR forwarded_at IS NOT NULL)
                  AND (coalesce($8::text, nullif($10, 'false'), nullif($11, 'false')) IS NOT NULL
                       OR $13 IS DISTINCT FROM 'true' OR held_since IS NOT NULL)
                ORDER BY position LIMIT l.enough) row
         WHERE $7 = 'oldest' AND l.status IS NULL
        UNION ALL
        SELECT 'lane', lane, enough, row.report_id, NULL, NULL, row.* FROM lane l CROSS JOIN LATERAL (
               SELECT * FROM case_inbox.case_inbox c
                WHERE c.owner_agency = l.owner_agency AND position IS NOT NULL
                  AND (priority_rank, position) < ($2::bigint, $3::bigint)
                ORDER BY priority_rank DESC, position DESC LIMIT l.enough) row
         WHERE $7 = 'priority' AND l.status IS NULL
        UNION ALL
        SELECT 'lane', lane, enough, row.report_id, NULL, NULL, row.* FROM lane l CROSS JOIN LATERAL (
               SELECT * FROM case_inbox.case_inbox c
                WHERE c.owner_agency = l.owner_agency AND position IS NOT NULL
                  AND (touched_at, position) <
                      (timestamptz 'epoch' + least($2::bigint, 9000000000000000) * interval '1 microsecond', $3::bigint)
                ORDER BY touched_at DESC, position DESC LIMIT l.enough) row
         WHERE $7 = 'touched'
        UNION ALL
        -- What is read of the clock here is not looked up again below.
        SELECT 'lane', lane, enough, clock.report_id, clock.due_order, clock.filed, c.* FROM lane l CROSS JOIN LATERAL (
               SELECT report_id, due_order, filed FROM sla.report_clocks k
                WHERE k.owner_agency = l.owner_agency
                  AND (due_order, filed) > (9223372036854775807 - $2::bigint, 9223372036854775807 - $3::bigint)
                ORDER BY due_order, filed LIMIT l.enough) clock
          LEFT JOIN case_inbox.case_inbox c ON c.report_id = clock.report_id
         WHERE $7 = 'due'
        UNION ALL
        SELECT 'lane', lane, enough, row.report_id, NULL, NULL, row.* FROM lane l CROSS JOIN LATERAL (
               SELECT * FROM case_inbox.case_inbox c
                WHERE c.owner_agency = l.owner_agency AND c.category = l.category AND c.status = l.status
                  AND c.priority_rank = l.rank AND position <
                      CASE WHEN $7 = 'newest' OR l.rank = $2::bigint THEN $3::bigint
                           WHEN l.rank < $2::bigint THEN 9223372036854775807 ELSE 0 END
                ORDER BY position DESC LIMIT l.enough) row
         WHERE $7 IN ('newest', 'priority') AND l.status IS NOT NULL
        UNION ALL
        SELECT 'lane', lane, enough, row.report_id, NULL, NULL, row.* FROM lane l CROSS JOIN LATERAL (
               SELECT * FROM case_inbox.case_inbox c
                WHERE c.owner_agency = l.owner_agency AND c.category = l.category AND c.status = l.status
                  AND c.priority_rank = l.rank AND position > 9223372036854775807 - $3::bigint
                ORDER BY position LIMIT l.enough) row
         WHERE $7 = 'oldest' AND l.status IS NOT NULL
        UNION ALL
        SELECT filter, NULL, NULL, c.report_id, NULL, NULL, c.*
          FROM rare JOIN left_by USING (filter) JOIN case_inbox.case_inbox c USING (report_id)
         WHERE c.position IS NOT NULL AND ($4::text IS NULL OR c.owner_agency = $4)
        UNION ALL
        -- Up to 1000 of each status, to count those that fit.
        SELECT 'count', NULL, 1000, row.report_id, NULL, NULL, row.* FROM (SELECT DISTINCT status FROM kind) s CROSS JOIN LATERAL (
               SELECT c.* FROM kind k CROSS JOIN LATERAL (
                      SELECT * FROM case_inbox.case_inbox c
                       WHERE c.owner_agency = k.owner_agency AND c.category = k.category AND c.status = k.status
                         AND position IS NOT NULL AND ($9::text IS NULL OR c.priority_rank = array_position(
-- :fragment priority_words
                             , $9::text))
                       LIMIT 1000) c
                WHERE k.status = s.status LIMIT 1000) row
         WHERE coalesce($8::text, $9::text, $10::text, $11::text, $12::text, $13::text, $14::text) IS NOT NULL
           AND NOT EXISTS (SELECT FROM rare WHERE filter <> 'kind')) row
      LEFT JOIN LATERAL (
           SELECT due_order AS found_due, filed AS found_filed FROM sla.report_clocks k
            WHERE k.report_id = CASE WHEN due IS NULL AND ($14::text IS NOT NULL OR ($7 = 'due' AND source <> 'count'))
                                     THEN row.id END) found ON true -- NULL is not looked up
     CROSS JOIN LATERAL (SELECT coalesce(due, found_due) AS due_order, coalesce(due_filed, found_filed) AS filed_at) clock
), horizon AS MATERIALIZED (
    SELECT key1, key2
      FROM (SELECT DISTINCT ON (lane) key1, key2, enough, count(*) OVER (PARTITION BY lane) AS looked_at
              FROM looked_at WHERE source = 'lane' ORDER BY lane, key1, key2) last
     WHERE looked_at = enough ORDER BY key1 DESC, key2 DESC LIMIT 1
)
(SELECT report_id, key1, key2, NULL::json AS counts FROM looked_at r
  WHERE fits AND source <> 'count' AND ($5::text IS NULL OR status = $5) AND (key1, key2) < ($2::bigint, $3::bigint)
    AND NOT EXISTS (SELECT FROM horizon h WHERE (r.key1, r.key2) < (h.key1, h.key2))
  ORDER BY key1 DESC, key2 DESC LIMIT $1::int)
UNION ALL
SELECT NULL, (SELECT key1 FROM horizon), (SELECT key2 FROM horizon),
       CASE WHEN coalesce($8::text, $9::text, $10::text, $11::text, $12::text, $13::text, $14::text) IS NOT NULL THEN (
           SELECT coalesce(json_object_agg(status, CASE WHEN capped THEN json_build_object('count', cases, 'capped', true)
                                                        ELSE to_json(cases) END), '{}')
             FROM (SELECT status, count(*) FILTER (WHERE fits) AS cases,
                          coalesce(count(*) >= max(enough), false) AS capped
                     FROM looked_at WHERE source NOT IN ('lane', 'kind') GROUP BY status) c
            WHERE cases > 0 OR capped) END

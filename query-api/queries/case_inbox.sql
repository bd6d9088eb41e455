-- case_inbox.sql -- the cases of an agency, newest first, and how many there are in each status.
-- $1 limit; $2 position of the last row seen; $3 agency (NULL: all), $4 status, $5 category
-- `agency` and `kind`: those that occur, found by one step in the index each, so few. A page is the newest
-- of the first rows of each. A branch whose $ are not as it wants costs nothing: the plan is made for the
-- values at hand.
WITH RECURSIVE agency AS (
    (SELECT owner_agency FROM case_inbox.case_inbox
      WHERE position IS NOT NULL AND ($3::text IS NULL OR owner_agency = $3)
      ORDER BY owner_agency LIMIT 1)
    UNION ALL
    SELECT next.* FROM agency a CROSS JOIN LATERAL (
           SELECT owner_agency FROM case_inbox.case_inbox
            WHERE position IS NOT NULL AND $3::text IS NULL AND owner_agency > a.owner_agency
            ORDER BY owner_agency LIMIT 1) next
), kind AS (
    SELECT first.* FROM agency a CROSS JOIN LATERAL (
           SELECT owner_agency, category, status FROM case_inbox.case_inbox
            WHERE position IS NOT NULL AND owner_agency = a.owner_agency AND ($5::text IS NULL OR category = $5)
            ORDER BY category, status LIMIT 1) first
    UNION ALL
    SELECT next.* FROM kind k CROSS JOIN LATERAL (
           (SELECT owner_agency, category, status FROM case_inbox.case_inbox
             WHERE position IS NOT NULL AND owner_agency = k.owner_agency AND category = k.category
               AND status > k.status
             ORDER BY status LIMIT 1)
           UNION ALL
           (SELECT owner_agency, category, status FROM case_inbox.case_inbox
             WHERE position IS NOT NULL AND owner_agency = k.owner_agency AND $5::text IS NULL
               AND category > k.category
             ORDER BY category, status LIMIT 1)
           ORDER BY category, status LIMIT 1) next
), page AS (
    (SELECT row.* FROM agency a CROSS JOIN LATERAL (
            SELECT * FROM case_inbox.case_inbox
             WHERE owner_agency = a.owner_agency AND position < $2::bigint
             ORDER BY position DESC LIMIT $1::int) row
      WHERE $4::text IS NULL AND $5::text IS NULL
      ORDER BY position DESC LIMIT $1::int)
    UNION ALL
    (SELECT row.* FROM kind k CROSS JOIN LATERAL (
            SELECT * FROM case_inbox.case_inbox
             WHERE owner_agency = k.owner_agency AND category = k.category AND status = k.status
               AND position < $2::bigint
             ORDER BY position DESC LIMIT $1::int) row
      WHERE ($4::text IS NOT NULL OR $5::text IS NOT NULL) AND ($4::text IS NULL OR k.status = $4)
      ORDER BY position DESC LIMIT $1::int)
), counts AS (
    SELECT status, sum(cases)::bigint AS cases FROM case_counts.case_counts
     WHERE ($3::text IS NULL OR owner_agency = $3) AND ($5::text IS NULL OR category = $5)
     GROUP BY status HAVING sum(cases) > 0
)
SELECT json_build_object(
           'agency', $3::text,
           'data', coalesce(json_agg(item.json ORDER BY page.position DESC), '[]'),
           'counts', coalesce((SELECT json_object_agg(status, cases) FROM counts), '{}'))::text,
       (array_agg(page.position ORDER BY page.position DESC))[$1::int] AS next_position
  FROM page
  LEFT JOIN report_list.report_votes v USING (report_id)
 CROSS JOIN LATERAL (SELECT to_json(shown) AS json FROM (
           SELECT page.report_id, page.version, page.visibility, page.category, page.content,
                  engine.rfc3339(page.created_at) AS created_at, page.status,
                  engine.rfc3339(page.updated_at) AS updated_at, page.owner_agency,
                  CASE page.visibility WHEN 'ANONYMOUS' THEN '[ANONYMOUS]' ELSE page.reporter END
                      AS reporter_user_id,
                  coalesce(v.votes, 0) AS vote_count, page.location,
                  engine.rfc3339(page.occurred_at) AS occurred_at) shown) item

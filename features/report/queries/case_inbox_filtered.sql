-- case_inbox_filtered.sql -- a page of the inbox of a status, a category or both, or of all agencies.
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
)
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

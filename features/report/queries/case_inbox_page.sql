-- case_inbox_page.sql -- a page of one agency's inbox without filters.
SELECT * FROM case_inbox.case_inbox
 WHERE owner_agency = $3::text AND position < $2::bigint AND $4::text IS NULL AND $5::text IS NULL
 ORDER BY position DESC LIMIT $1::int

-- case_counts.sql -- how many cases an agency has in each status, by category; one that is merged into another
-- is none. Only differences are added up, so the order in which streams arrive does not matter. A count that
-- fell to 0 stays.

-- :tables
CREATE TABLE case_counts (
    owner_agency text,
    category text,
    status text,
    cases bigint NOT NULL,
    PRIMARY KEY (owner_agency, category, status)
);

-- :members owner_agency text, category text, status text, old_status text, new_status text
-- :members old_owner_agency text, old_category text, report_id uuid, merged_report_id uuid

-- An event that changes one of the three names all of them, before and after.
-- :on report.created, report.status.updated, report.edited, report.forwarded, report.merged, report.unmerged
INSERT INTO case_counts AS c (owner_agency, category, status, cases)
SELECT change.owner_agency, change.category, change.status, sum(change.cases)
  FROM batch, LATERAL (VALUES
           (owner_agency, category, coalesce(new_status, batch.status),
            CASE type WHEN 'report.merged' THEN -1 ELSE 1 END),
           (coalesce(old_owner_agency, owner_agency), coalesce(old_category, category), old_status, -1))
       AS change (owner_agency, category, status, cases)
 WHERE (change.status IS NOT NULL OR change.cases = 1) -- a report without status is a fault
   AND (merged_report_id IS NULL OR merged_report_id = report_id)
 GROUP BY 1, 2, 3
    ON CONFLICT (owner_agency, category, status) DO UPDATE SET cases = c.cases + excluded.cases;

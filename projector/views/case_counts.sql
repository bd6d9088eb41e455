-- case_counts.sql -- how many cases an agency has in each status, by category.

-- :tables
CREATE TABLE case_counts (
    owner_agency text,
    category text,
    status text,
    cases bigint NOT NULL,
    PRIMARY KEY (owner_agency, category, status)
);

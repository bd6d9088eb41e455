-- case_texts.sql -- what is searched for a text. A table of its own: an index by trigrams has a hundred entries a
-- row, which no change of status should write again.

-- An index by trigrams costs as much as a third of all other views of a report: nobody waits for it but who
-- searches.
-- :lane search

-- :tables
CREATE TABLE case_texts (report_id uuid PRIMARY KEY, content text);

-- Its new entries wait in a list that each search reads through: a short one.
CREATE INDEX case_texts_trigrams ON case_texts USING gin (content public.gin_trgm_ops)
  WITH (gin_pending_list_limit = 256);

-- :members report_id uuid, content text

-- :on report.created, report.edited
INSERT INTO case_texts (report_id, content)
SELECT DISTINCT ON (stream) report_id, content FROM batch ORDER BY stream, version DESC
    ON CONFLICT (report_id) DO UPDATE SET content = excluded.content;

-- policy_list.sql -- one row per policy: which clocks run for which reports.

-- :tables
CREATE TABLE policy_list (
    policy_id text PRIMARY KEY,
    version bigint,             -- of the policy's stream
    position bigint,
    rank int,
    names jsonb,
    category text,              -- NULL, as priority and agency: any
    priority text,
    agency text,
    acknowledge jsonb,          -- NULL, as the next two: this clock does not run
    resolve jsonb,
    answer jsonb,
    active boolean,
    defined_at timestamptz
);

-- :members policy_id text, rank int, names jsonb, category text, priority text, agency text, active boolean
-- :members acknowledge jsonb, resolve jsonb, answer jsonb, defined_at timestamptz

-- :on policy.defined
INSERT INTO policy_list AS p (policy_id, version, position, rank, names, category, priority, agency, acknowledge,
                              resolve, answer, active, defined_at)
SELECT DISTINCT ON (stream) policy_id, version, position, rank, names, category, priority, agency, acknowledge,
       resolve, answer, active, defined_at
  FROM batch ORDER BY stream, version DESC
    ON CONFLICT (policy_id) DO UPDATE
   SET version = excluded.version, position = excluded.position, rank = excluded.rank, names = excluded.names,
       category = excluded.category, priority = excluded.priority, agency = excluded.agency,
       acknowledge = excluded.acknowledge, resolve = excluded.resolve, answer = excluded.answer,
       active = excluded.active, defined_at = excluded.defined_at;

-- A lane shows the log from this position on: where the log ended when its views were begun. Before, they
-- hold a part of what has happened, and nobody is shown them.
ALTER TABLE engine.lane ADD COLUMN serves_from bigint NOT NULL DEFAULT 0;

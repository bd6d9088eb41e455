-- The projector's own tables, in schema `engine` of the read database. Each view is a schema of its
-- own, named like its file; query-api reads those, and `engine.view` and `engine.lane` for checkpoints.
CREATE SCHEMA engine;

-- A lane is a set of views at the same position: one transaction and one checkpoint for all of them.
CREATE TABLE engine.lane (
    name     text PRIMARY KEY,             -- 'main', or the name of a view that catches up
    position bigint NOT NULL DEFAULT 0,    -- last position whose effects the views hold
    epoch    bigint NOT NULL,              -- life of the log the position belongs to
    revision bigint NOT NULL DEFAULT 0,    -- raised when a view joins or leaves and when a stream is
                                           -- retried: an engine that does not know of it is fenced
    moved    timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 20);

CREATE TABLE engine.view (
    name     text PRIMARY KEY,
    lane     text NOT NULL REFERENCES engine.lane (name),
    digest   text NOT NULL,                -- of the view's file: another one needs a rebuild
    created  timestamptz NOT NULL DEFAULT now()
);

-- A poison event of a view and its followers in the same stream, in order. Followers have not been
-- attempted.
CREATE TABLE engine.parked (
    view     text NOT NULL REFERENCES engine.view (name),
    stream   text NOT NULL,
    position bigint NOT NULL,
    version  bigint NOT NULL,
    type     text NOT NULL,
    error    text NOT NULL,
    attempts int NOT NULL DEFAULT 1,
    since    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (view, stream, position)
);

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
    moved    timestamptz NOT NULL DEFAULT now(),
    serves_from bigint NOT NULL DEFAULT 0  -- its views show the log from this position on: where the log ended
                                           -- when they were begun. Before, nobody is shown them
) WITH (fillfactor = 20);

-- Versions of a view: the one that serves is named like its file; beside it may stand the one before it,
-- `<view>_v<n>`, which is kept moving so that it can serve again, or the next one while it is filled.
CREATE TABLE engine.view (
    name     text PRIMARY KEY,
    lane     text NOT NULL REFERENCES engine.lane (name),
    digest   text NOT NULL,                -- of the view's file: another one needs a rebuild
    created  timestamptz NOT NULL DEFAULT now(),
    file     text NOT NULL,                -- the view's file, without `.sql`
    version  int NOT NULL DEFAULT 1,       -- n
    text     text                          -- the file as it was when the tables were made: what is applied to
                                           -- them, whatever it is by now
);

-- A poison event of a view and its followers in the same stream, in order. Followers have not been
-- attempted.
CREATE TABLE engine.parked (
    view     text NOT NULL REFERENCES engine.view (name) ON UPDATE CASCADE, -- a swap gives other names
    stream   text NOT NULL,
    position bigint NOT NULL,
    version  bigint NOT NULL,
    type     text NOT NULL,
    error    text NOT NULL,
    attempts int NOT NULL DEFAULT 1,
    since    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (view, stream, position)
);

-- Parked events that an operator gave up on: the view was made without them, which whoever compares it
-- with the log has to know. The record outlives the view.
CREATE TABLE engine.discarded (
    view      text NOT NULL,
    stream    text NOT NULL,
    position  bigint NOT NULL,
    version   bigint NOT NULL,
    type      text NOT NULL,
    error     text NOT NULL,
    attempts  int NOT NULL,
    since     timestamptz NOT NULL,
    discarded timestamptz NOT NULL DEFAULT now(),
    reason    text NOT NULL CHECK (reason <> ''),
    PRIMARY KEY (view, stream, position)
);

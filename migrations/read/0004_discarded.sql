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

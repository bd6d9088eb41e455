-- Accounts: the only place that knows user names. Everything else speaks of user ids.
CREATE TABLE account (
    user_id       uuid PRIMARY KEY,
    user_name     text NOT NULL CHECK (user_name ~ '^[A-Za-z0-9._-]{3,64}$'),
    password_hash text NOT NULL,
    role          text NOT NULL CHECK (role IN ('CITIZEN', 'OFFICER', 'PATROL', 'DISPATCHER', 'SUPERVISOR', 'ADMIN')),
    agency        text CHECK (agency ~ '^[A-Z0-9_]{1,64}$'),
    role_version  bigint NOT NULL DEFAULT 1,
    disabled      boolean NOT NULL DEFAULT false,
    created       timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (agency IS NOT NULL OR role NOT IN ('OFFICER', 'SUPERVISOR')),
    CHECK (agency IS NULL OR role <> 'CITIZEN')
);
CREATE UNIQUE INDEX account_name ON account (lower(user_name));

-- One row a log-in: the family of refresh tokens that followed from it. Of a token only its tag is
-- stored, a keyed hash from which no token can be made.
CREATE TABLE account_session (
    session_id uuid PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES account,
    current    text NOT NULL,          -- tag of the token that may be used next
    previous   text,                   -- tag of the one it followed from
    rotated    timestamptz,            -- when `previous` was first used
    expires    timestamptz NOT NULL,   -- unless used before; an ended session may be deleted from then on
    ended      timestamptz
) WITH (fillfactor = 80);
CREATE INDEX account_session_expires ON account_session (expires);
CREATE INDEX account_session_user ON account_session (user_id);

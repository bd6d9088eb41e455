-- roles.sql -- roles and databases, run by the superuser at every start; it may be repeated.
-- citywatch_owner migrates the store, citywatch_command appends to it and keeps the accounts,
-- citywatch_query and citywatch_projector read the log. The projector owns the views, query-api reads
-- them, and command-api looks things up in them as query-api does. citywatch_sla appends what clocks do, and
-- keeps their tables as the projector keeps its own, so that one role rebuilds both. citywatch_metrics sees the
-- server's statistics (tools/monitor) and no table of the city. Passwords (SCRAM) arrive as psql variables.
SET client_min_messages = warning;
SELECT format('CREATE ROLE %I LOGIN', 'citywatch_' || name)
  FROM unnest(ARRAY['owner', 'command', 'query', 'projector', 'sla', 'metrics']) AS name
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'citywatch_' || name)
\gexec
ALTER ROLE citywatch_owner PASSWORD :'owner_password';
ALTER ROLE citywatch_command PASSWORD :'command_password';
ALTER ROLE citywatch_query PASSWORD :'query_password';
ALTER ROLE citywatch_projector PASSWORD :'projector_password';
ALTER ROLE citywatch_sla PASSWORD :'sla_password';
ALTER ROLE citywatch_metrics PASSWORD :'metrics_password';

SELECT format('CREATE DATABASE %I OWNER %I', name, owner)
  FROM (VALUES ('citywatch_write', 'citywatch_owner'), ('citywatch_read', 'citywatch_projector'))
    AS wanted (name, owner)
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = name)
\gexec
REVOKE ALL ON DATABASE citywatch_write, citywatch_read FROM PUBLIC;
GRANT CONNECT ON DATABASE citywatch_write TO citywatch_command, citywatch_query, citywatch_projector, citywatch_sla, citywatch_metrics;
GRANT CONNECT ON DATABASE citywatch_read TO citywatch_query, citywatch_command, citywatch_sla, citywatch_metrics;
GRANT pg_monitor TO citywatch_metrics;
ALTER ROLE citywatch_metrics CONNECTION LIMIT 5;
ALTER ROLE citywatch_metrics SET statement_timeout = '10s';
GRANT citywatch_query TO citywatch_command;
ALTER ROLE citywatch_command IN DATABASE citywatch_read SET role = 'citywatch_query';
ALTER ROLE citywatch_command IN DATABASE citywatch_read SET default_transaction_read_only = on;
GRANT citywatch_projector TO citywatch_sla;
ALTER ROLE citywatch_sla IN DATABASE citywatch_read SET role = 'citywatch_projector';

-- Never wait for ever, never read a stale version after a lock wait.
ALTER ROLE citywatch_command SET default_transaction_isolation = 'read committed';
ALTER ROLE citywatch_sla IN DATABASE citywatch_write SET default_transaction_isolation = 'read committed';
ALTER ROLE citywatch_command SET lock_timeout = '3s';
ALTER ROLE citywatch_sla IN DATABASE citywatch_write SET lock_timeout = '3s';
ALTER ROLE citywatch_command SET statement_timeout = '10s';
ALTER ROLE citywatch_sla IN DATABASE citywatch_write SET statement_timeout = '10s';
ALTER ROLE citywatch_command SET idle_in_transaction_session_timeout = '10s';
ALTER ROLE citywatch_sla IN DATABASE citywatch_write SET idle_in_transaction_session_timeout = '10s';
ALTER ROLE citywatch_query SET default_transaction_read_only = on;
ALTER ROLE citywatch_query SET statement_timeout = '10s';
ALTER ROLE citywatch_query SET idle_in_transaction_session_timeout = '10s';
ALTER ROLE citywatch_projector SET lock_timeout = '3s';
ALTER ROLE citywatch_sla IN DATABASE citywatch_read SET lock_timeout = '3s';
ALTER ROLE citywatch_sla IN DATABASE citywatch_read SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE citywatch_projector SET idle_in_transaction_session_timeout = '60s';

-- A 201 means flushed. The plan of append_batch is made once, while the tables are empty: it must use
-- the indexes all the same.
ALTER ROLE citywatch_command SET synchronous_commit = on;
ALTER ROLE citywatch_sla IN DATABASE citywatch_write SET synchronous_commit = on;
ALTER ROLE citywatch_command SET plan_cache_mode = force_generic_plan;
ALTER ROLE citywatch_sla IN DATABASE citywatch_write SET plan_cache_mode = force_generic_plan;
ALTER ROLE citywatch_command SET jit = off;
ALTER ROLE citywatch_sla IN DATABASE citywatch_write SET jit = off;
ALTER ROLE citywatch_command SET enable_seqscan = off;
ALTER ROLE citywatch_sla IN DATABASE citywatch_write SET enable_seqscan = off;
ALTER ROLE citywatch_command SET enable_hashjoin = off;
ALTER ROLE citywatch_sla IN DATABASE citywatch_write SET enable_hashjoin = off;
ALTER ROLE citywatch_command SET enable_mergejoin = off;
ALTER ROLE citywatch_sla IN DATABASE citywatch_write SET enable_mergejoin = off;

\connect citywatch_read
SET client_min_messages = warning;
-- In a schema of its own, and not where releases up to 0.1.0 had it: nothing used it there.
SELECT 'DROP EXTENSION postgis' FROM pg_extension
 WHERE extname = 'postgis' AND extnamespace IS DISTINCT FROM to_regnamespace('postgis')::oid
\gexec
CREATE SCHEMA IF NOT EXISTS postgis;
CREATE EXTENSION IF NOT EXISTS postgis SCHEMA postgis;
GRANT USAGE ON SCHEMA postgis TO citywatch_projector, citywatch_query;

-- grants-read.sql -- query-api reads every view, also those the projector will make. Run by the
-- projector, who owns them.
ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO citywatch_query;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO citywatch_query;
GRANT USAGE ON SCHEMA engine, positions TO citywatch_query;
GRANT SELECT ON ALL TABLES IN SCHEMA engine, positions TO citywatch_query;

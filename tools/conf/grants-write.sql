-- grants-write.sql -- who may do what in the store, run by its owner after each migration.
-- The log is append-only even for the service that writes it; accounts and stored answers are
-- nobody's business but command-api's.
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, citywatch_command, citywatch_query, citywatch_projector, citywatch_sla;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO citywatch_command, citywatch_query, citywatch_projector, citywatch_sla;

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO citywatch_command;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO citywatch_command;
REVOKE UPDATE, DELETE ON es_event FROM citywatch_command;
REVOKE INSERT, UPDATE, DELETE ON es_store FROM citywatch_command;
REVOKE INSERT, DELETE ON es_counter FROM citywatch_command;

GRANT SELECT ON es_store, es_counter, es_stream, es_event TO citywatch_query, citywatch_projector, citywatch_sla;
-- What append_batch does, and no more: sessions and accounts are not for it.
GRANT UPDATE ON es_counter TO citywatch_sla;
GRANT INSERT, UPDATE ON es_stream TO citywatch_sla;
GRANT INSERT ON es_event TO citywatch_sla;
GRANT SELECT, INSERT ON es_result TO citywatch_sla;

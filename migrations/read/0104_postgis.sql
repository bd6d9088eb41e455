-- Geometry for views and queries, in a schema of its own that the engine and query-api have in their search_path:
-- a view's own schema holds nothing but the view. Only a superuser makes the extension, as tools/conf/roles.sql does.
CREATE SCHEMA IF NOT EXISTS postgis;
CREATE EXTENSION IF NOT EXISTS postgis SCHEMA postgis;

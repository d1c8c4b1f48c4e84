-- name: 365_schema_build
-- owner: data
-- grain: none
-- params: none
-- purpose: State of the build of the marts: what changed since the last one, tables that are kept for the next, and what is
--          published.
create schema if not exists build;

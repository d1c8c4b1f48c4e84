-- name: 006_schema_marts
-- owner: data
-- grain: none
-- params: none
-- purpose: The tables that are published.
create schema if not exists marts;

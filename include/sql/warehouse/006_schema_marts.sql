-- name: 006_schema_marts
-- owner: data
-- grain: none
-- params: none
-- purpose: What is published.
create schema if not exists marts;

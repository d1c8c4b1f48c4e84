-- name: 001_schema_core
-- owner: data
-- grain: none
-- params: none
-- purpose: The people and what they bought, after validation.
create schema if not exists core;

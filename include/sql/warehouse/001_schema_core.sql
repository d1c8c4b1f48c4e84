-- name: 001_schema_core
-- owner: data
-- grain: none
-- params: none
-- purpose: Subscribers and purchases, after validation.
create schema if not exists core;

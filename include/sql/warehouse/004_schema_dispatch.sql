-- name: 004_schema_dispatch
-- owner: data
-- grain: none
-- params: none
-- purpose: Who was selected by which plan, and what became of it.
create schema if not exists dispatch;

-- name: 004_schema_dispatch
-- owner: data
-- grain: none
-- params: none
-- purpose: The subscribers that each plan selected, with the state of their message.
create schema if not exists dispatch;

-- name: 003_schema_segment
-- owner: data
-- grain: none
-- params: none
-- purpose: Features and frozen segment membership.
create schema if not exists segment;

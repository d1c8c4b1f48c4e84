-- name: 002_schema_quality
-- owner: data
-- grain: none
-- params: none
-- purpose: Validation runs, their results, and the rows they quarantined.
create schema if not exists quality;

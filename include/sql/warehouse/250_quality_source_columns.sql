-- name: 250_quality_source_columns
-- owner: data
-- grain: one row per column of the source and batch
-- params: none
-- purpose: All columns that a source had, with their types in words, also those that the contract does not have. Shows which
--          are new, missing or of another type since the previous batch.
create table if not exists quality.source_columns (
    landed_run varchar not null,
    relation varchar not null,
    column_name varchar not null,
    type_name varchar not null
);

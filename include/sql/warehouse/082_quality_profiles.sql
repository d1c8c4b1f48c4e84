-- name: 082_quality_profiles
-- owner: data
-- grain: one row a column of the contract a batch
-- params: none
-- purpose: In how many landed rows a column holds a value; null where the source does not show the column. What tells that a
--          column vanished since the batch before.
create table if not exists quality.profiles (
    landed_run varchar not null,
    relation varchar not null,
    column_name varchar not null,
    filled_rows bigint
);

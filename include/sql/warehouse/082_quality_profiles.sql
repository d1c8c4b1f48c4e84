-- name: 082_quality_profiles
-- owner: data
-- grain: one row per column of the contract and batch
-- params: none
-- purpose: In how many landed rows a column has a value; null where the source does not have the column. Shows which columns
--          vanished since the previous batch.
create table if not exists quality.profiles (
    landed_run varchar not null,
    relation varchar not null,
    column_name varchar not null,
    filled_rows bigint
);

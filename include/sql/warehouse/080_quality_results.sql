-- name: 080_quality_results
-- owner: data
-- grain: one row per expectation and batch
-- params: none
-- purpose: The result of each expectation: counts only, never values.
create table if not exists quality.results (
    landed_run varchar not null,
    relation varchar not null,
    expectation varchar not null,
    column_name varchar not null,
    severity varchar not null,
    checked_rows bigint not null,
    unexpected_rows bigint not null,
    success boolean not null
);

-- name: 267_quality_distributions
-- owner: data
-- grain: one row per batch, column and value
-- params: none
-- purpose: How many landed rows have a value, for columns with few values (status, country, language, …), and how many
--          addresses are at the largest domain. Values are codes; anything else counts as 'other'.
create table if not exists quality.distributions (
    landed_run varchar not null,
    relation varchar not null,
    column_name varchar not null,
    value varchar not null,
    value_rows bigint not null
);

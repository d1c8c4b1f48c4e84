-- name: 360_service_level_days
-- owner: data
-- grain: one row per day and service level objective
-- params: none
-- purpose: What was good and what was counted of each objective, by day; the last days are counted again each night.
create table if not exists core.service_level_days (
    day date not null,
    objective varchar not null,
    good bigint not null,
    total bigint not null
);

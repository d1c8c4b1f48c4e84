-- name: 368_build_unpublished
-- owner: data
-- grain: one row per mart and key
-- params: none
-- purpose: What builds replaced in the marts since the last publish: a key, or null for the whole mart.
create table if not exists build.unpublished (
    mart varchar not null,
    key varchar
);

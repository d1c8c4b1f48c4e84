-- name: 369_build_published
-- owner: data
-- grain: at most one row
-- params: none
-- purpose: The published build from which the marts differ in build.unpublished only. Without a row, the next file is written
--          whole.
create table if not exists build.published (
    build varchar not null
);

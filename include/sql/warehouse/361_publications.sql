-- name: 361_publications
-- owner: data
-- grain: one row per published build
-- params: none
-- purpose: When each build of the published file replaced the one before.
create table if not exists core.publications (
    build varchar not null,
    published_at timestamptz not null
);

-- name: about_build
-- owner: analytics
-- grain: one row, the build
-- params: schema_version, build, built_at
-- purpose: The manifest inside the file: its build, by which a file and a manifest.json are matched.
create or replace table published.about.build as
select
    $schema_version::integer as schema_version,
    $build::varchar as build,
    $built_at::timestamptz as built_at,
    version() as duckdb_version;

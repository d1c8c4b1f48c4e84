-- name: read_build
-- owner: analytics
-- grain: one row, the build
-- params: none
-- purpose: The build that a published file names.
select
    schema_version,
    build,
    built_at,
    duckdb_version
from about.build;

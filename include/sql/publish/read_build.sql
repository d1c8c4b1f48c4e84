-- name: read_build
-- owner: analytics
-- grain: one row, the build
-- params: none
-- purpose: Which build a published file says it is.
select schema_version, build, built_at, duckdb_version
from about.build;

-- name: 007_schema_history
-- owner: data
-- grain: one row per file of include/sql/warehouse
-- params: none
-- purpose: The migrations that this warehouse has had: version is the number of a file that ran once; null for a view or
--          macro, which is replaced when its checksum differs (include/warehouse/migrations.py).
create table if not exists core.schema_history (
    version integer,
    name varchar not null,
    checksum varchar,
    applied_at timestamptz not null
);

-- name: copy_statements
-- owner: analytics
-- grain: one row per table or view of schema marts
-- params: none
-- purpose: The statements that copy schema marts from the warehouse into the attached database `published`. Identifiers come
--          from the catalogue and are quoted here, since they cannot be bound; a view becomes a table, since its sources are
--          not copied.
with sources as (
    select
        schema_name,
        table_name
    from duckdb_tables()
    where database_name = current_database() and schema_name = 'marts'
    union all
    select
        schema_name,
        view_name as table_name
    from duckdb_views()
    where database_name = current_database() and schema_name = 'marts' and not internal
),

quoted as (
    select
        table_name,
        '"' || replace(table_name, '"', '""') || '"' as quoted_name
    from sources
)

select
    table_name,
    'create table published.marts.' || quoted_name || ' as from marts.' || quoted_name as statement
from quoted
order by table_name;

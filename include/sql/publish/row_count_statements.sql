-- name: row_count_statements
-- owner: analytics
-- grain: one row per table or view
-- params: database_name
-- purpose: The statements that count the rows of schema marts in one database.
with sources as (
    select table_name
    from duckdb_tables()
    where database_name = $database_name and schema_name = 'marts'
    union all
    select view_name as table_name
    from duckdb_views()
    where database_name = $database_name and schema_name = 'marts' and not internal
)

select
    table_name,
    'select count(*) from "' || replace(database, '"', '""') || '".marts."' || replace(table_name, '"', '""') || '"'
        as statement
from (select
    table_name,
    $database_name as database
from sources) as named
order by table_name;

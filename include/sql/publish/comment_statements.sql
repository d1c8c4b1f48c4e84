-- name: comment_statements
-- owner: analytics
-- grain: one row per comment
-- params: none
-- purpose: The statements that copy the comments on the tables and columns of schema marts to `published`. A table or column
--          without a comment gives no row; the check `undocumented` reports it.
with tables as (
    select
        table_name,
        comment
    from duckdb_tables()
    where database_name = current_database() and schema_name = 'marts'
    union all
    select
        view_name as table_name,
        comment
    from duckdb_views()
    where database_name = current_database() and schema_name = 'marts' and not internal
),

comments as (
    select
        'table published.marts."' || replace(table_name, '"', '""') || '"' as target,
        comment
    from tables
    union all
    select
        'column published.marts."' || replace(table_name, '"', '""') || '"."'
        || replace(column_name, '"', '""') || '"' as target,
        comment
    from duckdb_columns()
    where database_name = current_database() and schema_name = 'marts'
)

select 'comment on ' || target || ' is ''' || replace(comment, '''', '''''') || '''' as statement
from comments
where comment is not null
order by statement;

-- name: undocumented
-- owner: analytics
-- grain: one row per table or column without a comment
-- params: database_name
-- purpose: A check: every table and column has a comment.
select table_name as qualified_name
from duckdb_tables()
where database_name = $database_name and schema_name in ('marts', 'about') and nullif(trim(comment), '') is null
union all
select table_name || '.' || column_name as qualified_name
from duckdb_columns()
where database_name = $database_name and schema_name in ('marts', 'about') and nullif(trim(comment), '') is null
order by qualified_name;

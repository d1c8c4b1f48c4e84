-- name: mart_names
-- owner: data
-- grain: one row per mart
-- params: none
-- purpose: The marts that exist.
select table_name
from duckdb_tables()
where schema_name = 'marts' and not temporary
order by table_name;

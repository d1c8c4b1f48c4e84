-- name: count_statements
-- owner: analytics
-- grain: one row per table
-- params: database_name
-- purpose: For each table of schema marts in one database, the statement that counts its rows and hashes their content: the
--          sum of the lower half of the MD5 of each row as JSON, so that neither the order of rows nor DuckDB's own hash
--          matters. `>> 64` equals md5_number_lower (include/sql/warehouse/380_hash64.sql, a macro that published files do not have).
select
    table_name,
    'select count(*) as row_count, '
    || 'coalesce(sum((md5_number(to_json(marts_row)::varchar) >> 64)::ubigint), 0)::varchar as content_hash from "'
    || replace(database_name, '"', '""') || '".marts."' || replace(table_name, '"', '""') || '" as marts_row' as statement
from duckdb_tables()
where database_name = $database_name and schema_name = 'marts'
order by table_name;

-- name: address_statements
-- owner: privacy
-- grain: one row per column that can hold text
-- params: database_name
-- purpose: For each column that is not a number, a time or a boolean (lists, structs and JSON are included), the statement
--          that counts values with something that looks like an e-mail address, plain or percent-encoded. `contains` comes
--          first, since it is 20 times cheaper.
with text_columns as (
    select
        table_name,
        column_name,
        '"' || replace(database_name, '"', '""') || '".marts."' || replace(table_name, '"', '""') || '"' as quoted_table,
        '"' || replace(column_name, '"', '""') || '"::varchar' as quoted_text
    from duckdb_columns()
    where
        database_name = $database_name
        and schema_name = 'marts'
        and not regexp_matches(
            data_type,
            '^(BOOLEAN|U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|FLOAT|DOUBLE|DECIMAL.*|DATE|TIME.*|INTERVAL|UUID)$'
        )
)

select
    table_name || '.' || column_name as qualified_name,
    'select count(*) from ' || quoted_table || ' where (contains(' || quoted_text || ', ''@'') or contains(' || quoted_text
    || ', ''%40'')) and regexp_matches(' || quoted_text || ', ''[^\s@/<>"]+(@|%40)[^\s@/]+\.\pL'')' as statement
from text_columns
order by qualified_name;

-- name: address_statements
-- owner: privacy
-- grain: one row per column that can hold text
-- params: database_name
-- purpose: For each column that is not a number, a time or a boolean (lists, structs and JSON are included), the statement
--          that counts values with something that looks like an e-mail address, plain or percent-encoded. `contains` comes
--          first, since it is 20 times cheaper. `table_statement` counts the rows of the table with such a value in any of
--          these columns, so that a clean table is read by one statement; as aggregates with filters it would take six times as long.
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
),

searched as (
    select
        *,
        '(contains(' || quoted_text || ', ''@'') or contains(' || quoted_text || ', ''%40'')) and regexp_matches('
        || quoted_text || ', ''[^\s@/<>"]+(@|%40)[^\s@/]+\.\pL'')' as condition
    from text_columns
)

select
    table_name,
    table_name || '.' || column_name as qualified_name,
    'select count(*) from ' || quoted_table || ' where ' || condition as statement,
    'select count(*) from ' || quoted_table || ' where '
    || string_agg('(' || condition || ')', ' or ' order by column_name) over (partition by table_name) as table_statement
from searched
order by qualified_name;

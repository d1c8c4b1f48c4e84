-- name: tables_with_people
-- owner: data
-- grain: one row per table
-- params: none
-- purpose: Every table of the warehouse with a column that can identify a person: subscriber_id, address_key, source_key (the
--          id of a row of the source) or JSON. Read from the catalogue, so that a table that is added later is not forgotten.
select
    columns.schema_name,
    columns.table_name,
    list(columns.column_name order by columns.column_index)
    filter (where columns.column_name in ('subscriber_id', 'address_key', 'source_key')) as keys,
    list(columns.column_name order by columns.column_index) filter (where columns.data_type = 'JSON') as documents,
    bool_or(columns.column_name = 'relation') as has_relation
from duckdb_columns() as columns
inner join duckdb_tables() as tables
    on columns.table_oid = tables.table_oid and columns.database_oid = tables.database_oid
where
    not tables.internal
    and not tables.temporary
    and tables.database_name = current_database()
group by columns.schema_name, columns.table_name
having keys is not null or documents is not null
order by columns.schema_name, columns.table_name;

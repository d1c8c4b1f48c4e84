-- name: rekey_statements
-- owner: data
-- grain: one row per table with address keys
-- params: none
-- purpose: The statements that rekey every table of the warehouse that has a column address_key, with the function
--          rekeyed_address.
select
    concat(
        'update "', tables.schema_name, '"."', tables.table_name,
        '" set address_key = rekeyed_address(address_key) where address_key is not null'
    ) as statement
from duckdb_tables() as tables
inner join duckdb_columns() as columns
    on tables.table_oid = columns.table_oid and tables.database_oid = columns.database_oid
where
    columns.column_name = 'address_key'
    and tables.database_name = current_database()
    and not tables.temporary
order by statement;

-- name: name_statements
-- owner: privacy
-- grain: one row per text column of a table with subscriber_id
-- params: database_name
-- purpose: For each column, the statement that computes the share of values that equal the first, last or full name of the
--          row's own subscriber in the warehouse. A share, because a subscriber may sign up under a name such as
--          "newsletter"; a sample of 10,000 values is enough for it.
with person_tables as (
    select table_name
    from duckdb_columns()
    where database_name = $database_name and schema_name = 'marts' and column_name = 'subscriber_id'
),

person_columns as (
    select
        columns.table_name,
        columns.column_name,
        '"' || replace(columns.database_name, '"', '""') || '".marts."' || replace(columns.table_name, '"', '""') || '"'
            as quoted_table,
        '"' || replace(columns.column_name, '"', '""') || '"' as quoted_column
    from duckdb_columns() as columns
    semi join person_tables using (table_name)
    where
        columns.database_name = $database_name
        and columns.schema_name = 'marts'
        and columns.data_type = 'VARCHAR'
        and columns.column_name <> 'subscriber_id'
)

select
    table_name || '.' || column_name as qualified_name,
    'select coalesce(avg((lower(trim(sampled.told)) in (lower(trim(person.first_name)), lower(trim(person.last_name)), '
    || 'lower(trim(person.first_name)) || '' '' || lower(trim(person.last_name))))::integer), 0) from ('
    || 'select * from (select subscriber_id, ' || quoted_column || ' as told from ' || quoted_table
    || ' where ' || quoted_column || ' <> '''') using sample reservoir(10000 rows) repeatable (1)) as sampled '
    || 'inner join core.identities as person using (subscriber_id)' as statement
from person_columns
order by qualified_name;

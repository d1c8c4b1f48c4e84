-- name: name_statements
-- owner: privacy
-- grain: one row a text column of a table that carries subscriber_id
-- params: none
-- purpose: For each, the statement that gives the share of values which are the first, last or full name of the row's own
--          subscriber, as the warehouse knows it. A share, because anybody may sign up under a name such as "newsletter"; and so
--          a sample of 10,000 values tells it as well as all of them would.
with

person_tables as (
    select table_name
    from duckdb_columns()
    where database_name = 'published' and schema_name = 'marts' and column_name = 'subscriber_id'
),

person_columns as (
    select
        columns.table_name,
        columns.column_name,
        'published.marts."' || replace(columns.table_name, '"', '""') || '"' as quoted_table,
        '"' || replace(columns.column_name, '"', '""') || '"' as quoted_column
    from duckdb_columns() as columns
    semi join person_tables using (table_name)
    where
        columns.database_name = 'published'
        and columns.schema_name = 'marts'
        and columns.data_type = 'VARCHAR'
        and columns.column_name <> 'subscriber_id'
)

select
    table_name || '.' || column_name as place,
    'select coalesce(avg((lower(trim(sampled.told)) in (lower(trim(person.first_name)), lower(trim(person.last_name)), '
    || 'lower(trim(person.first_name)) || '' '' || lower(trim(person.last_name))))::integer), 0) from ('
    || 'select * from (select subscriber_id, ' || quoted_column || ' as told from ' || quoted_table
    || ' where ' || quoted_column || ' <> '''') using sample reservoir(10000 rows) repeatable (1)) as sampled '
    || 'inner join core.identities as person using (subscriber_id)' as statement
from person_columns
order by place;

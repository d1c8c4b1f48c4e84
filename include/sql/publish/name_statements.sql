-- name: name_statements
-- owner: privacy
-- grain: one row a text column of a table that carries subscriber_id
-- params: none
-- purpose: For each, the statement that gives the share of rows in which the value is the first, last or full name of the row's own
--          subscriber, as the warehouse knows it. A share, because anybody may sign up under a name such as "newsletter".
with

person_columns as (
    select
        columns.table_name,
        columns.column_name,
        'published.marts."' || replace(columns.table_name, '"', '""') || '"' as quoted_table,
        'lower(trim(marts_row."' || replace(columns.column_name, '"', '""') || '"))' as quoted_value
    from duckdb_columns() as columns
    where
        columns.database_name = 'published'
        and columns.schema_name = 'marts'
        and columns.data_type = 'VARCHAR'
        and columns.column_name <> 'subscriber_id'
        and exists (
            select 1
            from duckdb_columns() as keys
            where
                keys.database_name = 'published'
                and keys.schema_name = 'marts'
                and keys.table_name = columns.table_name
                and keys.column_name = 'subscriber_id'
        )
)

select
    table_name || '.' || column_name as place,
    'select coalesce(avg((' || quoted_value || ' in ('
    || 'lower(trim(person.first_name)), lower(trim(person.last_name)), '
    || 'lower(trim(person.first_name)) || '' '' || lower(trim(person.last_name))))::integer), 0) from ' || quoted_table
    || ' as marts_row inner join core.identities as person using (subscriber_id) where '
    || quoted_value || ' <> ''''' as statement
from person_columns
order by place

-- name: relations
-- owner: data
-- grain: one row per table or view
-- params: none
-- purpose: The tables and views of the warehouse that the views of statements may read.
select concat(table_schema, '.', table_name) as name
from information_schema.tables
where table_catalog = current_database();

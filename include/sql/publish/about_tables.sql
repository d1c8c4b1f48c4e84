-- name: about_tables
-- owner: analytics
-- grain: one row a table
-- params: none
-- purpose: The manifest inside the file: what each table of schema marts holds. Filled by about_table.
create table published.about.tables (
    table_name varchar,
    row_count bigint,
    content_hash varchar
);

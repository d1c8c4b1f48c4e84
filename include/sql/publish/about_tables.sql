-- name: about_tables
-- owner: analytics
-- grain: one row per table
-- params: none
-- purpose: The manifest inside the file: rows and content hash of each table of schema marts. about_table inserts its rows.
create or replace table published.about.tables (
    table_name varchar,
    row_count bigint,
    content_hash varchar
);

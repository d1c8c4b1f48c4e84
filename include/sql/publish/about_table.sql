-- name: about_table
-- owner: analytics
-- grain: one row a table
-- params: table_name, row_count, content_hash
-- purpose: Adds one table's count and content hash to the manifest inside the file.
insert into published.about.tables values ($table_name, $row_count, $content_hash);

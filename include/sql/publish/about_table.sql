-- name: about_table
-- owner: analytics
-- grain: one row per table
-- params: table_name, row_count, content_hash
-- purpose: Insert the row count and content hash of one table into the manifest inside the file.
insert into published.about.tables values ($table_name, $row_count, $content_hash);

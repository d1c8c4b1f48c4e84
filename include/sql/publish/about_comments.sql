-- name: about_comments
-- owner: analytics
-- grain: one row a comment
-- params: none
-- purpose: The statements that say, in the file itself, what schema about holds.
with

comments (target, comment) as (
    values
    ('table published.about.build', 'Which build this file is; manifest.json says the same.'),
    ('column published.about.build.schema_version', 'Version of the layout of schema marts.'),
    ('column published.about.build.build', 'The name of the build, as in manifest.json.'),
    ('column published.about.build.built_at', 'When the build began.'),
    ('column published.about.build.duckdb_version', 'The DuckDB that wrote the file.'),
    ('table published.about.tables', 'What each table of schema marts held when it was checked: one row a table.'),
    ('column published.about.tables.table_name', 'A table of schema marts.'),
    ('column published.about.tables.row_count', 'Its rows.'),
    ('column published.about.tables.content_hash', 'Hash of its content; manifest.json says how it is made.')
)

select 'comment on ' || target || ' is ''' || comment || '''' as statement
from comments;

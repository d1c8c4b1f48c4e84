-- name: forbidden_columns
-- owner: privacy
-- grain: one row per violation
-- params: database_name
-- purpose: A check: no published column is named email, first_name or the like, whether it is empty or not.
select table_name || '.' || column_name as qualified_name
from duckdb_columns()
where
    database_name = $database_name
    and schema_name = 'marts'
    and regexp_matches(
        lower(column_name),
        '^(e_?mail|to_email|(first|last|full|given|family|sur)_?name|name|phone|ip|user_agent|address_key)(_?address)?$'
    )
order by qualified_name;

-- name: source_columns_insert
-- owner: data
-- grain: one row per column of the source
-- params: run, relation, source_column_names, source_column_types
-- purpose: Record the columns of the source with their types.
insert into quality.source_columns by name
select
    $run as landed_run,
    $relation as relation,
    unnest($source_column_names::varchar[]) as column_name,
    unnest($source_column_types::varchar[]) as type_name;

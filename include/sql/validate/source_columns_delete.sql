-- name: source_columns_delete
-- owner: data
-- grain: one row per run and relation
-- params: run, relation
-- purpose: Delete the rows of an earlier try of the same validation, before source_columns_insert.
delete from quality.source_columns
where landed_run = $run and relation = $relation;

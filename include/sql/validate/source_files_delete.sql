-- name: source_files_delete
-- owner: data
-- grain: one row per run and relation
-- params: run, relation
-- purpose: Delete the rows of an earlier try of the same validation, before source_files_insert.
delete from quality.source_files
where landed_run = $run and relation = $relation;

-- name: source_files_delete
-- owner: data
-- grain: one row a run and relation
-- params: run, relation
-- purpose: Remove what an earlier try of the same validation wrote to quality.source_files, before it is written again.
delete from quality.source_files
where landed_run = $run and relation = $relation;

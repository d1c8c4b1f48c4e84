-- name: runs_delete
-- owner: data
-- grain: one row per run and relation
-- params: run, relation
-- purpose: Delete the row of an earlier try of the same validation, before runs_insert.
delete from quality.runs
where landed_run = $run and relation = $relation;

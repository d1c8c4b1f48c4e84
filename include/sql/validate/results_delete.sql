-- name: results_delete
-- owner: data
-- grain: one row per run and relation
-- params: run, relation
-- purpose: Delete the rows of an earlier try of the same validation, before results_insert.
delete from quality.results
where landed_run = $run and relation = $relation;

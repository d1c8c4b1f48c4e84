-- name: quarantine_delete
-- owner: data
-- grain: one row a run and relation
-- params: run, relation
-- purpose: Remove what an earlier try of the same validation wrote to quality.quarantine, before it is written again.
delete from quality.quarantine
where landed_run = $run and relation = $relation;

-- name: shapes_delete
-- owner: data
-- grain: one row per run and relation
-- params: run, relation
-- purpose: Delete the rows of an earlier try of the same validation, before shapes_insert.
delete from quality.shapes
where landed_run = $run and relation = $relation;

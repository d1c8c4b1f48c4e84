-- name: profiles_delete
-- owner: data
-- grain: one row per run and relation
-- params: run, relation
-- purpose: Delete the rows of an earlier try of the same validation, before profiles_insert.
delete from quality.profiles
where landed_run = $run and relation = $relation;

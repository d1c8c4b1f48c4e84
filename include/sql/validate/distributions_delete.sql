-- name: distributions_delete
-- owner: data
-- grain: one row per run and relation
-- params: run, relation
-- purpose: Delete the rows of an earlier try of the same validation, before <relation>_distributions.
delete from quality.distributions
where landed_run = $run and relation = $relation;

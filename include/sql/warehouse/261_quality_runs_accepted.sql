-- name: 261_quality_runs_accepted
-- owner: data
-- grain: none
-- params: none
-- purpose: The broken rules that the operator let pass; drift is learnt anew from such a run.
alter table quality.runs add column if not exists accepted varchar[];

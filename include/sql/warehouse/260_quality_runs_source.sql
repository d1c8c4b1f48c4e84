-- name: 260_quality_runs_source
-- owner: data
-- grain: none
-- params: none
-- purpose: Which source a batch came from (a hash of its address, without credentials), so that drift is learnt per source.
alter table quality.runs add column if not exists source varchar;

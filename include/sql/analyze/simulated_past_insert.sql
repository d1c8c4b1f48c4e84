-- name: simulated_past_insert
-- owner: data
-- grain: one row
-- params: began_at, ended_at
-- purpose: Record which time was played before the demo's first run.
insert into core.simulated_past (began_at, ended_at)
values ($began_at, $ended_at);

-- name: 353_simulated_past
-- owner: data
-- grain: one row per simulated past; none outside of the demo
-- params: none
-- purpose: The span of time before the demo's first run that was played with a set clock (demo_past/): its campaigns, events and
--          sizes of segments went through the stages, but happened within a minute.
create table if not exists core.simulated_past (
    began_at timestamptz not null,
    ended_at timestamptz not null
);

-- name: held_back_insert
-- owner: data
-- grain: one row per subscriber and quarantined row
-- params: run, at
-- purpose: Suppress the subscribers in the temporary table held_back_incoming until a good row arrives.
insert into core.held_back by name
select
    subscriber_id,
    because_of,
    $at::timestamptz as held_at,
    $run as landed_run
from held_back_incoming;

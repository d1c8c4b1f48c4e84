-- name: held_back_insert
-- owner: data
-- grain: one row a subscriber a refused row
-- params: run, at
-- purpose: Second half: hold back everybody of the temporary table held_back_incoming.
insert into core.held_back by name
select
    subscriber_id,
    because_of,
    $at::timestamptz as held_at,
    $run as landed_run
from held_back_incoming;

-- name: moves_create
-- owner: data
-- grain: one row per segment and subscriber who enters or leaves
-- params: built
-- purpose: Temporary table of who enters and leaves each segment with this run, of the segments that an earlier run built.
create or replace temp table moves as
select
    places.segment,
    changed.subscriber_id,
    if(changed.now & places.bit <> 0, 'entered', 'left') as moved
from temp.changed_members as changed
inner join temp.places
    on changed.block = places.block and xor(changed.before, changed.now) & places.bit <> 0
where not places.is_first and list_contains($built::varchar[], places.segment);

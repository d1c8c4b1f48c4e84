-- name: found_changes_of_the_list
-- owner: data
-- grain: one row per person
-- params: compared_at
-- purpose: People who enter a segment since they are new on the list, or leave it since they are no longer on it. Not where the
--          run before kept no features.
insert into temp.found_changes
select
    moves.segment,
    moves.subscriber_id,
    moves.moved,
    'on the list' as condition,
    $compared_at::timestamptz as compared_at
from temp.explained_moves as moves
inner join temp.movers as movers on moves.subscriber_id = movers.subscriber_id
where
    exists (select 1 from segment.previous_features)
    and case when moves.moved = 'left' then not movers.is_listed else not movers.was_listed end;

-- name: selected_members_insert
-- owner: data
-- grain: one row per segment and subscriber
-- params: segment
-- purpose: Add what one definition selected (temporary table selected) under the name of its segment.
insert into temp.selected_members
select
    $segment,
    subscriber_id
from temp.selected;

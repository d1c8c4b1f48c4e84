-- name: selected_membership_create
-- owner: data
-- grain: one row per segment and subscriber
-- params: none
-- purpose: Temporary view of the members that the definitions of this run select.
create or replace temp view selected_membership as
select
    places.segment,
    selected_members.subscriber_id
from temp.selected_members
inner join temp.places on selected_members.block = places.block and selected_members.bits & places.bit <> 0;

-- name: selected_members_insert
-- owner: data
-- grain: one row per member
-- params: segment
-- purpose: Add what one definition selected (temporary table selected, each subscriber once) under the name of its segment:
--          only subscribers who have features, that is, who signed up and are not deleted.
insert into temp.selected_members
select
    selected.subscriber_id,
    places.block,
    places.bit
from temp.selected
semi join segment.features using (subscriber_id)
inner join temp.places on places.segment = $segment;

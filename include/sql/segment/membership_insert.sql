-- name: membership_insert
-- owner: data
-- grain: one row per segment and subscriber
-- params: segment_run
-- purpose: Freeze the members that the definitions selected (temporary table selected_members), each once, and only
--          subscribers who have features: signed up and not deleted.
insert into segment.membership by name
select distinct
    $segment_run as segment_run,
    segment,
    subscriber_id
from temp.selected_members
semi join segment.features using (subscriber_id)
order by segment;

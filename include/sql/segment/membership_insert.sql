-- name: membership_insert
-- owner: data
-- grain: one row per segment and subscriber
-- params: segment_run
-- purpose: Freeze the members that the definitions selected (temporary table selected_members, each subscriber once).
insert into segment.membership by name
select
    $segment_run as segment_run,
    segment,
    subscriber_id
from temp.selected_members
order by segment;

-- name: 391_segment_activity_facts_of_counts
-- owner: data
-- grain: one row per subscriber and name of an activity
-- params: none
-- purpose: The activity counts that an earlier version stored.
insert into segment.activity_facts by name
select
    subscriber_id,
    name,
    last_at,
    in_7_days,
    in_30_days
from segment.activity_counts;

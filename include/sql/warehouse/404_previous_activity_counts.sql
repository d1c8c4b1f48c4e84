-- name: 404_previous_activity_counts
-- owner: data
-- grain: one row per subscriber and name of an activity
-- params: none
-- purpose: The activity counts of the run before, like segment.previous_features.
create or replace view segment.previous_activity_counts as
select
    facts.subscriber_id,
    scales.as_of,
    facts.name,
    facts.last_at,
    facts.in_7_days,
    facts.in_30_days
from segment.activity_facts_of_runs as facts
inner join segment.scales as scales on facts.is_previous = scales.is_previous
where facts.is_previous;

-- name: 403_activity_counts
-- owner: data
-- grain: one row per subscriber and name of an activity
-- params: none
-- purpose: How often each subscriber did what in the last 30 days, for segments: `name = 'basket_add' and in_7_days > 0`. As of the last run.
create or replace view segment.activity_counts as
select
    facts.subscriber_id,
    scales.as_of,
    facts.name,
    facts.last_at,
    facts.in_7_days,
    facts.in_30_days
from segment.activity_facts_of_runs as facts
inner join segment.scales as scales on facts.is_previous = scales.is_previous
where not facts.is_previous;

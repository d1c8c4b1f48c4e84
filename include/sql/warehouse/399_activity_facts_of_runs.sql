-- name: 399_activity_facts_of_runs
-- owner: data
-- grain: one row per run, now and before, subscriber and name
-- params: none
-- purpose: The activity facts of the run as they are and, with is_previous, of the run before, like segment.facts_of_runs.
create or replace view segment.activity_facts_of_runs as
select
    subscriber_id,
    name,
    last_at,
    in_7_days,
    in_30_days,
    false as is_previous
from segment.activity_facts
union all
select
    subscriber_id,
    name,
    last_at,
    in_7_days,
    in_30_days,
    true as is_previous
from segment.replaced_activity_facts
union all
select
    kept.subscriber_id,
    kept.name,
    kept.last_at,
    kept.in_7_days,
    kept.in_30_days,
    true as is_previous
from segment.activity_facts as kept
cross join segment.scales as scales
anti join segment.replaced_people as people on kept.subscriber_id = people.subscriber_id
where scales.is_previous and not scales.is_whole;

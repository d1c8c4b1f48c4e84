-- name: activity_facts_insert
-- owner: data
-- grain: one row per subscriber and name of an activity in the last 30 days
-- params: as_of
-- purpose: Activities by subscriber and name, from what had happened at as_of. Reads segment.facts of the same run, which
--          excludes deleted and unknown subscribers.
insert into segment.activity_facts by name
select
    activities.subscriber_id,
    activities.name,
    max(activities.happened_at) as last_at,
    (count(*) filter (where activities.happened_at > $as_of::timestamptz - interval 7 day))::integer as in_7_days,
    count(*)::integer as in_30_days
from temp.fact_activities as activities
semi join segment.facts as facts on activities.subscriber_id = facts.subscriber_id
where
    activities.happened_at <= $as_of
    and activities.happened_at > $as_of::timestamptz - interval 30 day
group by activities.subscriber_id, activities.name;

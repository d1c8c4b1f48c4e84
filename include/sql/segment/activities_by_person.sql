-- name: activities_by_person
-- owner: data
-- grain: one row per number with an activity
-- params: as_of
-- purpose: What segment.facts has of activities at as_of: when the latest happened, and how many in the last 7 and 30 days;
--          segment.activity_counts has them by name. They are no consent and no sign of life.
with activities as (
    select
        number,
        happened_at
    from temp.fact_activities
    where happened_at <= $as_of
    order by number
)

select
    activities.number,
    max(activities.happened_at) as last_activity_at,
    (count(*) filter (where activities.happened_at > $as_of::timestamptz - interval 7 day))::integer as activities_7d,
    (count(*) filter (where activities.happened_at > $as_of::timestamptz - interval 30 day))::integer as activities_30d
from activities
group by all;

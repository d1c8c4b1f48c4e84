-- name: activity_facts_insert
-- owner: data
-- grain: one row per subscriber and name of an activity in the last 30 days
-- params: as_of
-- purpose: Activities by subscriber and name, from what had happened at as_of, of the people on the list at that time. They are
--          grouped by number as in facts_insert.
insert into segment.activity_facts by name
with people as (
    select
        number,
        subscriber_id
    from temp.fact_people
    where is_listed(deleted_at, signed_up_at, $as_of)
),

counted as (
    select
        number,
        name,
        max(happened_at) as last_at,
        (count(*) filter (where happened_at > $as_of::timestamptz - interval 7 day))::integer as in_7_days,
        count(*)::integer as in_30_days
    from temp.fact_activities
    where happened_at <= $as_of and happened_at > $as_of::timestamptz - interval 30 day
    group by all
)

select
    people.subscriber_id,
    counted.name,
    counted.last_at,
    counted.in_7_days,
    counted.in_30_days
from counted
inner join people on counted.number = people.number;

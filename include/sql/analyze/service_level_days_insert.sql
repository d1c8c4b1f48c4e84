-- name: service_level_days_insert
-- owner: analytics
-- grain: one row per day and service level objective
-- params: as_of, since, accepted_minutes, lag_minutes, publish_minutes
-- purpose: Count the days from since on. time_to_accepted: messages whose time is over, by the day on which their plan was
--          due; a message that was never accepted, or is in doubt, is not good. event_lag: events by the day on which they
--          happened. published_in_time: days whose time is over, from the first publication on. sums_hold: the required
--          checks of marts.reconciliation.
insert into core.service_level_days by name
select
    utc_day(planned_at) as day,
    'time_to_accepted' as objective,
    count(*) filter (where state = 'accepted' and sent_at <= planned_at + to_minutes($accepted_minutes)) as good,
    count(*) as total
from dispatch.sends
where
    state in ('accepted', 'in_doubt', 'pending')
    and planned_at >= $since::timestamptz
    and planned_at <= $as_of::timestamptz - to_minutes($accepted_minutes)
group by all
union all by name
select
    utc_day(events.occurred_at) as day,
    'event_lag' as objective,
    count(*) filter (where files.loaded_at <= events.occurred_at + to_minutes($lag_minutes)) as good,
    count(*) as total
from engagement.events
inner join engagement.spool_files as files on events.spool_file = files.name
where events.occurred_at >= $since::timestamptz
group by all
union all by name
select
    utc_day(days.day) as day,
    'published_in_time' as objective,
    count(distinct days.day) filter (
        where core.publications.published_at <= days.day + to_minutes($publish_minutes)
    ) as good,
    1 as total
from (
    select unnest(generate_series($since::timestamptz, $as_of::timestamptz, interval 1 day)) as day
) as days
left join core.publications
    on utc_day(days.day) = utc_day(core.publications.published_at)
where
    days.day + to_minutes($publish_minutes) <= $as_of::timestamptz
    and utc_day(days.day) >= (select min(utc_day(published_at)) from core.publications)
group by all
union all by name
select
    utc_day($as_of::timestamptz) as day,
    'sums_hold' as objective,
    count(*) filter (where holds) as good,
    count(*) as total
from marts.reconciliation
where must_hold;

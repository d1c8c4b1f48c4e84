-- name: daily_engagement
-- owner: analytics
-- grain: one row a day a campaign an event a verdict
-- params: none
-- purpose: How much happened each day (UTC), machines apart from people. Test sends are left out.
create or replace table marts.daily_engagement as
select
    utc_day(occurred_at) as day,
    campaign,
    event,
    verdict,
    count(*) as events,
    count(distinct subscriber_id) as people
from engagement.events
where not starts_with(occurrence, 'test-')
group by all
order by all;

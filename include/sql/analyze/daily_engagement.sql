-- name: daily_engagement
-- owner: analytics
-- grain: one row per day, campaign, event and verdict
-- params: none
-- rebuild: by event day
-- purpose: Events per day (UTC), human and machine apart, with the unsubscribes on our own pages. Test sends
--          are excluded.
create or replace table marts.daily_engagement as
select
    utc_day(occurred_at) as day,
    campaign,
    event,
    verdict,
    count(*) as events,
    count(distinct subscriber_id) as people
from temp.events
where not starts_with(occurrence, 'test-')
group by all
order by all;

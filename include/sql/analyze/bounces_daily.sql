-- name: bounces_daily
-- owner: analytics
-- grain: one row per day, mailbox provider, class, classification and status
-- params: none
-- rebuild: by bounce day
-- purpose: Why mail bounces, by the day of the bounce (UTC): class, SendGrid's classification and the provider's status code.
create or replace table marts.bounces_daily as
select
    utc_day(events.occurred_at) as day,
    sends.mailbox_provider,
    events.bounce_class,
    events.bounce_classification,
    events.smtp_status,
    count(*) as bounces,
    count(distinct events.subscriber_id) as people
from temp.events as events
inner join marts.sends as sends on events.message_key = sends.message_key
where events.event = 'bounced'
group by all
order by all;

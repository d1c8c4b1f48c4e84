-- name: delivery_reconciliation
-- owner: analytics
-- grain: one row per campaign and day of sending (UTC)
-- params: as_of, since, in_flight_hours, delivery_limit
-- purpose: The ledger against the events: of the messages that were accepted on a day, how many were delivered, and where the
--          others are. Each message is in one class, the first that applies: delivered, bounced, suppressed_by_sendgrid
--          (dropped after it was accepted), and without any of these for $in_flight_hours hours, for which SendGrid tries,
--          deferred or in_flight; after that it is unknown. is_over_limit:
--          the unknown part is larger than $delivery_limit of the accepted. Days from $since on.
create or replace table marts.delivery_reconciliation as
with classed as (
    select
        sends.campaign,
        utc_day(coalesce(sends.sent_at, sends.planned_at)) as day,
        case
            when outcomes.delivered_at is not null then 'delivered'
            when outcomes.bounced_at is not null then 'bounced'
            when outcomes.was_dropped then 'suppressed_by_sendgrid'
            when coalesce(sends.sent_at, sends.planned_at) < $as_of::timestamptz - to_hours($in_flight_hours) then 'unknown'
            when outcomes.was_deferred then 'deferred'
            else 'in_flight'
        end as class
    from dispatch.sends as sends
    left join build.message_outcomes as outcomes on sends.message_key = outcomes.message_key
    where sends.state = 'accepted' and coalesce(sends.sent_at, sends.planned_at) >= $since
)

select
    campaign,
    day,
    count(*) as accepted,
    count(*) filter (where class = 'delivered') as delivered,
    count(*) filter (where class <> 'delivered') as difference,
    count(*) filter (where class = 'bounced') as bounced,
    count(*) filter (where class = 'suppressed_by_sendgrid') as suppressed_by_sendgrid,
    count(*) filter (where class = 'deferred') as deferred,
    count(*) filter (where class = 'in_flight') as in_flight,
    count(*) filter (where class = 'unknown') as unknown,
    unknown = 0 as holds,
    unknown > accepted * $delivery_limit as is_over_limit
from classed
group by campaign, day
order by day desc, campaign asc;

-- name: provider_weeks
-- owner: analytics
-- grain: one row per week and mailbox provider
-- params: days, min_delivered
-- purpose: Rates of each provider by the week (its Monday) in which the mail was planned, over the $days days up to the latest plan.
--          A provider with fewer than $min_delivered delivered messages in a week has no rates for it.
with weekly as (
    select
        date_trunc('week', plans.planned_at)::date as week,
        health.mailbox_provider,
        sum(health.accepted)::bigint as accepted,
        sum(health.delivered)::bigint as delivered,
        sum(health.bounced_hard)::bigint as bounced_hard,
        sum(health.complaints)::bigint as complaints
    from marts.mailbox_provider_health as health
    inner join marts.campaign_performance as plans using (campaign, occurrence)
    where plans.planned_at >= (select max(planned_at) from marts.campaign_performance) - to_days($days)
    group by all
)

select
    *,
    if(delivered >= $min_delivered, delivered / accepted, null) as delivery_rate,
    if(delivered >= $min_delivered, bounced_hard / (delivered + bounced_hard), null) as hard_bounce_rate,
    if(delivered >= $min_delivered, complaints / delivered, null) as complaint_rate
from weekly
where accepted > 0
order by week, mailbox_provider;

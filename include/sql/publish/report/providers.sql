-- name: providers
-- owner: analytics
-- grain: one row per mailbox provider
-- params: recent_days, hard_warn, hard_stop, complaint_warn, complaint_stop, min_delivered
-- purpose: Health of each provider over the plans of the $recent_days days up to the latest one, by the sender's own limits; a
--          provider with fewer than $min_delivered delivered messages is not rated.
with recent as (
    select
        campaign,
        occurrence
    from marts.campaign_performance
    where planned_at >= (select max(planned_at) from marts.campaign_performance) - to_days($recent_days)
),

totals as (
    select
        mailbox_provider,
        sum(accepted)::bigint as accepted,
        sum(delivered)::bigint as delivered,
        sum(delivered_tracked)::bigint as delivered_tracked,
        sum(bounced_hard)::bigint as bounced_hard,
        sum(bounced_soft)::bigint as bounced_soft,
        sum(dropped)::bigint as dropped,
        sum(deferred)::bigint as deferred,
        sum(complaints)::bigint as complaints,
        sum(human_opens)::bigint as human_opens
    from marts.mailbox_provider_health
    inner join recent using (campaign, occurrence)
    group by mailbox_provider
),

rates as (
    select
        *,
        delivered / nullif(accepted, 0) as delivery_rate,
        bounced_hard / nullif(accepted, 0) as hard_bounce_rate,
        complaints / nullif(delivered, 0) as complaint_rate,
        human_opens / nullif(delivered_tracked, 0) as human_open_rate
    from totals
)

select
    *,
    case
        when delivered < $min_delivered then 'too few' when hard_bounce_rate >= $hard_stop then 'stop'
        when hard_bounce_rate >= $hard_warn then 'warn' else 'good'
    end as hard_bounce_verdict,
    case
        when delivered < $min_delivered then 'too few' when complaint_rate >= $complaint_stop then 'stop'
        when complaint_rate >= $complaint_warn then 'warn' else 'good'
    end as complaint_verdict,
    case
        when 'stop' in (hard_bounce_verdict, complaint_verdict) then 'stop'
        when 'warn' in (hard_bounce_verdict, complaint_verdict) then 'warn'
        else hard_bounce_verdict
    end as verdict
from rates
where accepted > 0
order by accepted desc, mailbox_provider asc;

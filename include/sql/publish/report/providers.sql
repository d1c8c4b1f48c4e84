-- name: providers
-- owner: analytics
-- grain: one row per mailbox provider
-- params: recent_days, hard_warn, hard_stop, complaint_warn, complaint_stop, min_delivered
-- purpose: Health of each provider over the plans of the $recent_days days up to the latest one, by the circuit breaker's own
--          rates and limits: a provider is as healthy as the worst of its plans, or all of them together, whichever is worse, so
--          that it is never called healthy beside an alert about one plan. worst_in names that plan. Fewer than $min_delivered
--          delivered messages are not rated.
with recent as (
    select
        health.*,
        plans.campaign || ' ' || plans.occurrence as label
    from marts.mailbox_provider_health as health
    inner join marts.campaign_performance as plans using (campaign, occurrence)
    where plans.planned_at >= (select max(planned_at) from marts.campaign_performance) - to_days($recent_days)
),

counted as (
    select
        mailbox_provider,
        label,
        grouping(label) = 1 as is_total,
        sum(accepted)::bigint as accepted,
        sum(delivered)::bigint as delivered,
        sum(delivered_tracked)::bigint as delivered_tracked,
        sum(bounced_hard)::bigint as bounced_hard,
        sum(bounced_soft)::bigint as bounced_soft,
        sum(dropped)::bigint as dropped,
        sum(deferred)::bigint as deferred,
        sum(complaints)::bigint as complaints,
        sum(human_opens)::bigint as human_opens,
        sum(human_opens_lower)::bigint as human_opens_lower,
        sum(human_opens_upper)::bigint as human_opens_upper,
        sum(raw_openers)::bigint as raw_openers
    from recent
    group by grouping sets ((mailbox_provider), (mailbox_provider, label))
),

rated as (
    select
        *,
        case
            when delivered < $min_delivered then 0
            when bounced_hard / (delivered + bounced_hard) >= $hard_stop then 3
            when bounced_hard / (delivered + bounced_hard) >= $hard_warn then 2
            else 1
        end as hard_bounce_level,
        case
            when delivered < $min_delivered then 0 when complaints / delivered >= $complaint_stop then 3
            when complaints / delivered >= $complaint_warn then 2 else 1
        end as complaint_level,
        greatest(hard_bounce_level, complaint_level) as level
    from counted
),

worst as (
    select
        mailbox_provider,
        max(hard_bounce_level) as hard_bounce_level,
        max(complaint_level) as complaint_level,
        max(level) as level,
        arg_max(label, (level, bounced_hard + complaints)) filter (where not is_total and level >= 2) as worst_in
    from rated
    group by mailbox_provider
)

select
    totals.* exclude (label, is_total, hard_bounce_level, complaint_level, level),
    totals.delivered / nullif(totals.accepted, 0) as delivery_rate,
    totals.bounced_hard / nullif(totals.accepted, 0) as hard_bounce_rate,
    totals.complaints / nullif(totals.delivered, 0) as complaint_rate,
    totals.human_opens / nullif(totals.delivered_tracked, 0) as human_open_rate,
    totals.human_opens_lower / nullif(totals.delivered_tracked, 0) as human_open_rate_lower,
    totals.human_opens_upper / nullif(totals.delivered_tracked, 0) as human_open_rate_upper,
    totals.raw_openers / nullif(totals.delivered_tracked, 0) as raw_open_rate,
    ['too few', 'good', 'warn', 'stop'][worst.hard_bounce_level + 1] as hard_bounce_verdict,
    ['too few', 'good', 'warn', 'stop'][worst.complaint_level + 1] as complaint_verdict,
    ['too few', 'good', 'warn', 'stop'][worst.level + 1] as verdict,
    worst.worst_in
from rated as totals
inner join worst using (mailbox_provider)
where totals.is_total and totals.accepted > 0
order by totals.accepted desc, totals.mailbox_provider asc;

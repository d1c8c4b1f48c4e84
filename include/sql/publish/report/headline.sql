-- name: headline
-- owner: analytics
-- grain: one row, the report
-- params: recent_days
-- purpose: The figures at the top: all campaigns and journeys planned in the $recent_days days up to the latest plan, and the list
--          on its latest day. plans counts those of campaigns.
with latest as (
    select max(planned_at) as planned_at
    from marts.campaign_performance
),

sent as (
    select
        count(*) filter (where not contains(campaign_performance.campaign, '__')) as plans,
        coalesce(sum(selected), 0)::bigint as selected,
        coalesce(sum(accepted), 0)::bigint as accepted,
        coalesce(sum(delivered), 0)::bigint as delivered,
        coalesce(sum(delivered_tracked), 0)::bigint as delivered_tracked,
        coalesce(sum(human_opens), 0)::bigint as human_opens,
        sum(human_opens_lower) as human_opens_lower,
        sum(human_opens_upper) as human_opens_upper,
        sum(raw_openers) as raw_openers,
        coalesce(sum(human_clicks), 0)::bigint as human_clicks,
        sum(human_clicks_lower) as human_clicks_lower,
        sum(human_clicks_upper) as human_clicks_upper,
        sum(raw_clickers) as raw_clickers,
        coalesce(sum(unsubscribes), 0)::bigint as unsubscribes,
        coalesce(sum(complaints), 0)::bigint as complaints,
        coalesce(sum(in_doubt), 0)::bigint as in_doubt,
        coalesce(sum(cost), 0) as cost
    from marts.campaign_performance
    inner join latest on campaign_performance.planned_at >= latest.planned_at - to_days($recent_days)
),

list_today as (
    select
        mailable,
        subscribers,
        day
    from marts.list_health
    order by day desc
    limit 1
),

sums as (
    select
        count(*) as checks,
        count(*) filter (where not holds) as differing,
        count(*) filter (where not holds and must_hold) as broken
    from marts.reconciliation
)

select
    sent.* exclude (
        human_opens_lower, human_opens_upper, raw_openers, human_clicks_lower, human_clicks_upper, raw_clickers
    ),
    sent.delivered / nullif(sent.accepted, 0) as delivery_rate,
    sent.human_opens / nullif(sent.delivered_tracked, 0) as human_open_rate,
    sent.human_opens_lower / nullif(sent.delivered_tracked, 0) as human_open_rate_lower,
    sent.human_opens_upper / nullif(sent.delivered_tracked, 0) as human_open_rate_upper,
    sent.raw_openers / nullif(sent.delivered_tracked, 0) as raw_open_rate,
    sent.human_clicks / nullif(sent.delivered_tracked, 0) as human_click_rate,
    sent.human_clicks_lower / nullif(sent.delivered_tracked, 0) as human_click_rate_lower,
    sent.human_clicks_upper / nullif(sent.delivered_tracked, 0) as human_click_rate_upper,
    sent.raw_clickers / nullif(sent.delivered_tracked, 0) as raw_click_rate,
    sent.unsubscribes / nullif(sent.delivered, 0) as unsubscribe_rate,
    sent.complaints / nullif(sent.delivered, 0) as complaint_rate,
    list_today.mailable,
    list_today.subscribers,
    sums.checks,
    sums.differing,
    sums.broken
from sent
cross join sums
left join list_today on true;

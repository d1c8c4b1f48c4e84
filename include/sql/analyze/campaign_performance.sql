-- name: campaign_performance
-- owner: analytics
-- grain: one row per plan: a campaign at one occurrence
-- params: none
-- purpose: The campaign report. delivered, bounced, dropped, deferred, human_*, unsubscribes and complaints count people:
--          each message key once. *_lower and *_upper bound the human count: people who surely did it, and people who may
--          have. raw_openers and raw_clickers are people with any such event, raw_opens and raw_clicks count events. Rates are over accepted (delivery, bounces), delivered (unsubscribes,
--          complaints) or delivered_tracked (opens and clicks, which only tracked messages report), and null where the
--          denominator is zero. Cost is per accepted message.
create or replace table marts.campaign_performance as
with times as (
    select
        plan_id,
        min(first_sent_at) as first_sent_at,
        max(last_sent_at) as last_sent_at
    from build.plan_states
    group by plan_id
),

counted as (
    select
        plans.plan_id,
        plans.campaign,
        plans.occurrence,
        plans.segment,
        plans.state,
        plans.planned_at,
        times.first_sent_at,
        times.last_sent_at,
        plans.selected,
        coalesce(columns(people.* exclude (plan_id, messages, accepted_with_events, unsent_with_delivery)), 0),
        plans.cost_per_thousand
    from dispatch.plans
    left join build.plan_counts as people on plans.plan_id = people.plan_id
    left join times on plans.plan_id = times.plan_id
)

select
    * exclude (cost_per_thousand),
    delivered / nullif(accepted, 0) as delivery_rate,
    bounced_hard / nullif(accepted, 0) as hard_bounce_rate,
    human_opens / nullif(delivered_tracked, 0) as human_open_rate,
    human_opens_lower / nullif(delivered_tracked, 0) as human_open_rate_lower,
    human_opens_upper / nullif(delivered_tracked, 0) as human_open_rate_upper,
    raw_openers / nullif(delivered_tracked, 0) as raw_open_rate,
    human_clicks / nullif(delivered_tracked, 0) as human_click_rate,
    human_clicks_lower / nullif(delivered_tracked, 0) as human_click_rate_lower,
    human_clicks_upper / nullif(delivered_tracked, 0) as human_click_rate_upper,
    raw_clickers / nullif(delivered_tracked, 0) as raw_click_rate,
    unsubscribes / nullif(delivered, 0) as unsubscribe_rate,
    complaints / nullif(delivered, 0) as complaint_rate,
    accepted * coalesce(cost_per_thousand, 0) / 1000 as cost
from counted
order by planned_at, plan_id;

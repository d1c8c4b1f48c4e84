-- name: campaign_performance
-- owner: analytics
-- grain: one row per plan: a campaign at one occurrence
-- params: none
-- purpose: The campaign report. delivered, bounced, dropped, deferred, human_*, unsubscribes and complaints count people:
--          each message key once. *_lower and *_upper bound the human count: people who surely did it, and people who may
--          have. raw_openers and raw_clickers are people with any such event, raw_opens and raw_clicks count events. Rates are over accepted (delivery, bounces), delivered (unsubscribes,
--          complaints) or delivered_tracked (opens and clicks, which only tracked messages report), and null where the
--          denominator is zero. Cost is per accepted message. Reads the temporary table message_outcomes.
create or replace table marts.campaign_performance as
with people as (
    select
        sends.plan_id,
        min(sends.sent_at) as first_sent_at,
        max(sends.sent_at) as last_sent_at,
        count(*) filter (where sends.state = 'accepted') as accepted,
        count(*) filter (where sends.state = 'rejected') as rejected,
        count(*) filter (where sends.state = 'suppressed') as suppressed,
        count(*) filter (where sends.state = 'capped') as capped,
        count(*) filter (where sends.state = 'held_out') as held_out,
        count(*) filter (where sends.state = 'in_doubt') as in_doubt,
        count(*) filter (where sends.state = 'pending') as pending,
        count(*) filter (where sends.state = 'skipped') as skipped,
        count(outcomes.delivered_at) as delivered,
        count(outcomes.delivered_at) filter (where sends.tracked) as delivered_tracked,
        count(*) filter (where outcomes.bounce_class = 'hard') as bounced_hard,
        count(*) filter (where outcomes.bounce_class = 'soft') as bounced_soft,
        count(*) filter (where outcomes.bounce_class = 'other') as bounced_other,
        count(*) filter (where outcomes.was_dropped) as dropped,
        count(*) filter (where outcomes.was_deferred) as deferred,
        count(outcomes.first_human_open_at) as human_opens,
        count(*) filter (where outcomes.surely_opened) as human_opens_lower,
        count(*) filter (where outcomes.maybe_opened) as human_opens_upper,
        count(*) filter (where outcomes.raw_opens > 0) as raw_openers,
        coalesce(sum(outcomes.raw_opens), 0)::bigint as raw_opens,
        count(outcomes.first_human_click_at) as human_clicks,
        count(*) filter (where outcomes.surely_clicked) as human_clicks_lower,
        count(*) filter (where outcomes.maybe_clicked) as human_clicks_upper,
        count(*) filter (where outcomes.raw_clicks > 0) as raw_clickers,
        coalesce(sum(outcomes.raw_clicks), 0)::bigint as raw_clicks,
        count(outcomes.unsubscribed_at) as unsubscribes,
        count(outcomes.complained_at) as complaints
    from dispatch.sends
    left join temp.message_outcomes as outcomes using (message_key)
    group by sends.plan_id
),

counted as (
    select
        plans.plan_id,
        plans.campaign,
        plans.occurrence,
        plans.segment,
        plans.state,
        plans.planned_at,
        people.first_sent_at,
        people.last_sent_at,
        plans.selected,
        coalesce(columns(people.* exclude (plan_id, first_sent_at, last_sent_at)), 0),
        plans.cost_per_thousand
    from dispatch.plans
    left join people using (plan_id)
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

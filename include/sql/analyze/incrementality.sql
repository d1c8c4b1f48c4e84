-- name: incrementality
-- owner: analytics
-- grain: one row per campaign, occurrence and outcome with a hold-out; and per outcome of the shop's global hold-out
-- params: none
-- purpose: What the mail caused and what that cost: the lift over the people held out, times the people who were to be mailed.
--          outcome: buyer (people who bought) or revenue. cost is that of the accepted mail of the plans, of the global
--          hold-out all mail of its period. The cost per outcome is null where the lift is not above zero; its bounds come
--          from the 95 % interval, and that for the highest lift is the lowest cost.
create or replace table marts.incrementality as
with campaigns as (
    select
        results.campaign,
        results.occurrence,
        if(results.metric like 'purchase%', 'buyer', 'revenue') as outcome,
        results.status,
        results.people,
        held_out.people as held_out,
        if(results.metric like 'purchase%', results.conversion_rate, results.revenue_per_person) as mean_mailed,
        if(results.metric like 'purchase%', held_out.conversion_rate, held_out.revenue_per_person) as mean_held_out,
        results.lift,
        coalesce(results.confidence_low, results.always_valid_low) as lift_low,
        coalesce(results.confidence_high, results.always_valid_high) as lift_high
    from marts.experiment_results as results
    inner join marts.experiment_results as held_out
        on
            results.campaign = held_out.campaign
            and results.occurrence = held_out.occurrence
            and results.metric = held_out.metric
            and held_out.comparison = 'hold_out'
            and held_out.variant = 'held_out'
    where results.comparison = 'hold_out' and results.variant = 'treated'
),

costs as (
    select
        campaign,
        occurrence,
        sum(cost) as cost
    from marts.campaign_performance
    group by campaign, occurrence
),

whole as (
    select
        results.hold_out,
        sum(performance.cost) as cost
    from marts.global_hold_out as results
    left join marts.campaign_performance as performance
        on utc_day(performance.planned_at) between results.first_day and results.last_day
    where results.metric = 'buyers'
    group by results.hold_out
),

compared as (
    select
        'campaign' as scope,
        campaigns.*,
        costs.cost
    from campaigns
    left join costs using (campaign, occurrence)
    union all by name
    select
        'all_mail' as scope,
        null as campaign,
        results.hold_out as occurrence,
        if(results.metric = 'buyers', 'buyer', 'revenue') as outcome,
        results.status,
        results.people_mailed as people,
        results.people_held_out as held_out,
        results.mean_mailed,
        results.mean_held_out,
        results.lift,
        coalesce(results.confidence_low, results.always_valid_low) as lift_low,
        coalesce(results.confidence_high, results.always_valid_high) as lift_high,
        whole.cost
    from marts.global_hold_out as results
    left join whole on results.hold_out = whole.hold_out
)

select
    *,
    lift * people as incremental,
    lift_low * people as incremental_low,
    lift_high * people as incremental_high,
    if(lift > 0, cost / (lift * people), null) as cost_per_incremental,
    if(lift_high > 0, cost / (lift_high * people), null) as cost_per_incremental_low,
    if(lift_low > 0, cost / (lift_low * people), null) as cost_per_incremental_high
from compared
order by scope, campaign, occurrence, outcome;

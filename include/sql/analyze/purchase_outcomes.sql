-- name: purchase_outcomes
-- owner: analytics
-- grain: one row per campaign, occurrence, comparison (hold_out, variants) and arm
-- params: as_of, purchase_window_days, days_before
-- rebuild: by experiment
-- purpose: What the people of each arm bought in the $purchase_window_days days after the plan: how many bought, and mean and
--          sample variance of their revenue; and, for CUPED, mean and variance of the same people's revenue in the $days_before
--          days before the plan, and the covariance of the two. hold_out: the people drawn to get the mail (treated), and
--          of these the people of each variant, against the people held out. variants: the people drawn to get one variant
--          against another. Intention to treat: the draw
--          comes after suppressions and caps, so all subscribers in a chunk count, whatever became of the message. Chunks send
--          the engaged first, so the subscribers who were sent to before a plan stopped are better customers than those held
--          out, with or without mail. A refund (an amount below zero) is not a purchase and lowers revenue. Revenue is in the
--          reporting currency, by core.exchange_rates, without the amounts that have no rate. status: final, or window_open
--          until these days are over. Plans with neither a hold-out nor a second variant are excluded.
create or replace table build.purchase_outcomes as
with drawn as (
    select
        campaign,
        occurrence,
        subscriber_id,
        planned_at,
        variant,
        state = 'held_out' as is_held_out
    from temp.recorded_sends
    where (state = 'held_out' and reason is distinct from 'global_hold_out') or chunk is not null
),

experiments as (
    select
        campaign,
        occurrence,
        bool_or(is_held_out) as has_hold_out,
        count(distinct variant) filter (where not is_held_out) > 1 as has_variants,
        max(planned_at) as last_planned_at
    from drawn
    group by campaign, occurrence
),

compared as (
    select
        drawn.*,
        experiments.has_hold_out,
        experiments.has_variants,
        experiments.last_planned_at
    from drawn
    inner join experiments using (campaign, occurrence)
    where experiments.has_hold_out or experiments.has_variants
),

period as (
    select
        min(epoch_ms(planned_at)) - $days_before::bigint * 86400000 as first_ms,
        max(epoch_ms(planned_at)) + $purchase_window_days::bigint * 86400000 as last_ms
    from compared
),

spent as (
    select
        purchases.subscriber_id,
        purchases.purchased_at,
        purchases.amount,
        purchases.amount * rates.rate as revenue
    from core.purchases as purchases
    left join core.exchange_rates as rates on purchases.currency = rates.currency
    where
        purchases.purchased_at <= $as_of
        and epoch_ms(purchases.purchased_at) > (select first_ms from period)
        and epoch_ms(purchases.purchased_at) <= (select last_ms from period)
),

people as (
    select distinct
        compared.campaign,
        compared.occurrence,
        compared.subscriber_id,
        compared.planned_at
    from compared
    semi join spent on compared.subscriber_id = spent.subscriber_id
),

bought as (
    select
        people.campaign,
        people.occurrence,
        people.subscriber_id,
        bool_or(spent.purchased_at > people.planned_at and spent.amount >= 0) as is_buyer,
        sum(spent.revenue) filter (where spent.purchased_at > people.planned_at) as revenue,
        sum(spent.revenue) filter (where spent.purchased_at <= people.planned_at) as revenue_before
    from people
    inner join spent on people.subscriber_id = spent.subscriber_id
    where
        epoch_ms(spent.purchased_at) <= epoch_ms(people.planned_at) + $purchase_window_days::bigint * 86400000
        and epoch_ms(spent.purchased_at) > epoch_ms(people.planned_at) - $days_before::bigint * 86400000
    group by people.campaign, people.occurrence, people.subscriber_id
),

outcomes as (
    select
        compared.* exclude (subscriber_id, planned_at),
        coalesce(bought.is_buyer, false) as is_buyer,
        coalesce(bought.revenue, 0)::double as revenue,
        coalesce(bought.revenue_before, 0)::double as revenue_before
    from compared
    left join bought using (campaign, occurrence, subscriber_id)
),

arms as (
    select
        *,
        'hold_out' as comparison,
        if(is_held_out, 'held_out', 'treated') as arm
    from outcomes
    where has_hold_out

    union all

    select
        *,
        'hold_out' as comparison,
        variant as arm
    from outcomes
    where has_hold_out and has_variants and not is_held_out

    union all

    select
        *,
        'variants' as comparison,
        variant as arm
    from outcomes
    where has_variants and not is_held_out
)

select
    campaign,
    occurrence,
    comparison,
    arm,
    count(*) as people,
    count(*) filter (where is_buyer) as buyers,
    avg(revenue) as revenue_mean,
    coalesce(var_samp(revenue), 0) as revenue_variance,
    avg(revenue_before) as before_mean,
    coalesce(var_samp(revenue_before), 0) as before_variance,
    coalesce(covar_samp(revenue, revenue_before), 0) as covariance,
    if(
        epoch_ms(any_value(last_planned_at)) + $purchase_window_days::bigint * 86400000 <= epoch_ms($as_of::timestamptz),
        'final',
        'window_open'
    ) as status
from arms
group by campaign, occurrence, comparison, arm;

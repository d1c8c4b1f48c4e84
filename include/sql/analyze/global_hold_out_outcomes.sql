-- name: global_hold_out_outcomes
-- owner: analytics
-- grain: one row per arm (mailed, held_out)
-- params: as_of, salt, share, first_day, last_day, days_before
-- purpose: What people spent during the shop's global hold-out, from the first campaign of the period that selected them on:
--          before it neither arm was treated, so that whom it selects does not depend on the arm. The arm is that of the draw
--          (share of 10,000, as in audience_hold_out), whatever became of the mail. buyers: who bought; mean and sample variance of their revenue; and,
--          for CUPED, of the same people's revenue in the $days_before days before, with the covariance of the two. A refund is no
--          purchase and lowers revenue. Revenue is in the reporting currency, without the amounts that have no rate.
with met as (
    select
        subscriber_id,
        min(planned_at) as met_at
    from dispatch.sends
    where
        (chunk is not null or state = 'held_out')
        and utc_day(planned_at) between $first_day and $last_day
    group by subscriber_id
),

bought as (
    select
        met.subscriber_id,
        bool_or(purchases.purchased_at > met.met_at and purchases.amount >= 0) as is_buyer,
        sum(purchases.amount * rates.rate) filter (where purchases.purchased_at > met.met_at) as revenue,
        sum(purchases.amount * rates.rate) filter (where purchases.purchased_at <= met.met_at) as revenue_before
    from met
    inner join core.purchases as purchases on met.subscriber_id = purchases.subscriber_id
    left join core.exchange_rates as rates on purchases.currency = rates.currency
    where
        purchases.purchased_at <= $as_of
        and utc_day(purchases.purchased_at) <= $last_day
        and epoch_ms(purchases.purchased_at) > epoch_ms(met.met_at) - $days_before::bigint * 86400000
    group by met.subscriber_id
),

outcomes as (
    select
        if(hash64(concat($salt::varchar, ':', met.subscriber_id)) % 10000 < $share, 'held_out', 'mailed') as arm,
        coalesce(bought.is_buyer, false) as is_buyer,
        coalesce(bought.revenue, 0)::double as revenue,
        coalesce(bought.revenue_before, 0)::double as revenue_before
    from met
    left join bought on met.subscriber_id = bought.subscriber_id
)

select
    arm,
    count(*) as people,
    count(*) filter (where is_buyer) as buyers,
    avg(revenue) as revenue_mean,
    coalesce(var_samp(revenue), 0) as revenue_variance,
    avg(revenue_before) as before_mean,
    coalesce(var_samp(revenue_before), 0) as before_variance,
    coalesce(covar_samp(revenue, revenue_before), 0) as covariance
from outcomes
group by arm
order by arm;

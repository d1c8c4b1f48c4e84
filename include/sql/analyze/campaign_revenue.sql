-- name: campaign_revenue
-- owner: analytics
-- grain: one row per plan
-- params: as_of, purchase_window_days
-- rebuild: by revenue plan
-- purpose: What the people of a plan bought in the days after it, whatever made them: those who were sent the mail, and those
--          whom the campaign holds out. Summed by segment it is the revenue per recipient of the segment. Buyers are people with
--          a purchase, revenue is less refunds and in the reporting currency. It says what recipients spend, and not what the
--          mail caused: that is in marts.incrementality.
create or replace table marts.campaign_revenue as
with people as (
    select
        plan_id,
        subscriber_id,
        planned_at,
        state = 'held_out' as is_held_out
    from temp.sends
    where state = 'accepted' or (state = 'held_out' and reason is distinct from 'global_hold_out')
),

bought as (
    select
        people.plan_id,
        count(distinct people.subscriber_id) filter (where not is_held_out and not purchases.is_refund) as buyers,
        count(*) filter (where not is_held_out and not purchases.is_refund) as purchases,
        sum(purchases.revenue) filter (where not is_held_out) as revenue,
        count(distinct people.subscriber_id) filter (where is_held_out and not purchases.is_refund) as held_out_buyers,
        sum(purchases.revenue) filter (where is_held_out) as held_out_revenue
    from people
    inner join marts.purchases as purchases on people.subscriber_id = purchases.subscriber_id
    where
        purchases.purchased_at > people.planned_at
        and purchases.purchased_at <= $as_of
        and epoch_ms(purchases.purchased_at) <= epoch_ms(people.planned_at) + $purchase_window_days::bigint * 86400000
    group by people.plan_id
),

counted as (
    select
        plan_id,
        count(*) filter (where not is_held_out) as recipients,
        count(*) filter (where is_held_out) as held_out
    from people
    group by plan_id
)

select
    plans.plan_id,
    plans.campaign,
    plans.occurrence,
    plans.segment,
    plans.planned_at,
    if(
        epoch_ms(plans.planned_at) + $purchase_window_days::bigint * 86400000 <= epoch_ms($as_of::timestamptz),
        'final', 'window_open'
    ) as status,
    coalesce(counted.recipients, 0) as recipients,
    coalesce(bought.buyers, 0) as buyers,
    coalesce(bought.purchases, 0) as purchases,
    coalesce(bought.revenue, 0)::decimal(18, 2) as revenue,
    coalesce(bought.revenue, 0)::double / nullif(counted.recipients, 0) as revenue_per_recipient,
    coalesce(counted.held_out, 0) as held_out,
    coalesce(bought.held_out_buyers, 0) as held_out_buyers,
    coalesce(bought.held_out_revenue, 0)::decimal(18, 2) as held_out_revenue,
    coalesce(bought.held_out_revenue, 0)::double / nullif(counted.held_out, 0) as revenue_per_held_out
from marts.campaign_performance as plans
left join counted using (plan_id)
left join bought using (plan_id)
order by plans.planned_at, plans.plan_id;

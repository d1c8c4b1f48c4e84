-- name: revenue_plans
-- owner: data
-- grain: one row per plan
-- params: purchase_window_days
-- purpose: The plans whose revenue can differ: those that were recorded again or have a changed message, those whose window was open at the
--          last build, and those with a day of purchases in their window that differs.
with days as (
    select distinct utc_day(purchased_at) as day
    from differing_purchases
)

select plan_id
from changed_plans
union
select plan_id
from marts.campaign_revenue
where status = 'window_open'
union
select plans.plan_id
from dispatch.plans
inner join days
    on
        utc_day(plans.planned_at) - 1 <= days.day
        and utc_day(plans.planned_at) + $purchase_window_days::integer + 1 >= days.day;

-- name: experiments
-- owner: data
-- grain: one row per campaign and occurrence
-- params: purchase_window_days, days_before
-- purpose: The mails whose purchases can differ: those of changed plans, those whose window was open at the last build, and those with a day
--          of purchases that differs among the days that count for them.
with days as (
    select distinct utc_day(purchased_at) as day
    from differing_purchases
)

select
    plans.campaign,
    plans.occurrence
from dispatch.plans
semi join changed_plans on plans.plan_id = changed_plans.plan_id
union
select
    campaign,
    occurrence
from build.purchase_outcomes
where status = 'window_open'
union
select
    plans.campaign,
    plans.occurrence
from dispatch.plans
inner join days
    on
        utc_day(plans.planned_at) - $days_before::integer - 1 <= days.day
        and utc_day(plans.planned_at) + $purchase_window_days::integer + 1 >= days.day;

-- name: attribution
-- owner: analytics
-- grain: one row per campaign, occurrence, model and window
-- params: none
-- purpose: Revenue by the clicks before a purchase. The touches of a purchase are the messages that the person clicked (human
--          clicks) within window_days before it, each by its last such click. Models: last_click, all to the last; position,
--          40 % to the first and to the last and 20 % to those between (half each where there are two); time_decay, half the
--          weight for each seven days before the purchase. The weights of a purchase add up to 1, so each purchase is counted
--          once per model and window. Refunds are left out: a refund names no purchase. Campaigns without a touch have zeros.
create or replace table marts.attribution as
with credits as (
    unpivot build.touches
    on last_click, position, time_decay
    into name model value credit
),

credited as (
    select
        campaign,
        occurrence,
        model,
        window_days,
        count(distinct subscriber_id) filter (where credit > 0) as buyers,
        sum(credit) as purchases,
        sum(credit * revenue) as revenue
    from credits
    group by all
),

cells as (
    select
        performance.campaign,
        performance.occurrence,
        models.model,
        windows.window_days,
        performance.accepted
    from marts.campaign_performance as performance
    cross join (values ('last_click'), ('position'), ('time_decay')) as models (model)
    cross join (values (1), (7), (30)) as windows (window_days)
)

select
    cells.campaign,
    cells.occurrence,
    cells.model,
    cells.window_days,
    cells.accepted,
    coalesce(credited.buyers, 0) as buyers,
    round(coalesce(credited.purchases, 0), 6)::double as purchases,
    coalesce(credited.revenue, 0)::decimal(18, 2) as revenue,
    coalesce(credited.revenue, 0)::double / nullif(cells.accepted, 0) as revenue_per_mail
from cells
left join credited using (campaign, occurrence, model, window_days)
order by all;

-- name: attribution
-- owner: analytics
-- grain: one row per campaign, occurrence, model and window
-- params: as_of
-- purpose: Revenue by the clicks before a purchase. The touches of a purchase are the messages that the person clicked (human
--          clicks) within window_days before it, each by its last such click. Models: last_click, all to the last; position,
--          40 % to the first and to the last and 20 % to those between (half each where there are two); time_decay, half the
--          weight for each seven days before the purchase. The weights of a purchase add up to 1, so each purchase is counted
--          once per model and window. Refunds are left out: a refund names no purchase. Campaigns without a touch have zeros.
create or replace table marts.attribution as
with clicks as (
    select
        message_key,
        subscriber_id,
        campaign,
        occurrence,
        occurred_at
    from marts.events
    where event = 'clicked' and verdict = 'human'
),

bought as (
    select
        purchases.purchase_id,
        purchases.subscriber_id,
        purchases.purchased_at,
        purchases.amount * rates.rate as revenue
    from core.purchases as purchases
    semi join clicks on purchases.subscriber_id = clicks.subscriber_id
    left join core.exchange_rates as rates on purchases.currency = rates.currency
    where purchases.amount >= 0 and purchases.purchased_at <= $as_of
),

touches as (
    select
        bought.purchase_id,
        bought.subscriber_id,
        any_value(bought.revenue) as revenue,
        clicks.message_key,
        any_value(clicks.campaign) as campaign,
        any_value(clicks.occurrence) as occurrence,
        min(epoch_ms(bought.purchased_at) - epoch_ms(clicks.occurred_at)) / 86400000 as days_before
    from bought
    inner join clicks on bought.subscriber_id = clicks.subscriber_id and bought.purchased_at >= clicks.occurred_at
    where epoch_ms(bought.purchased_at) - epoch_ms(clicks.occurred_at) <= 30 * 86400000::bigint
    group by bought.purchase_id, bought.subscriber_id, clicks.message_key
),

placed as (
    select
        touches.*,
        windows.window_days,
        row_number() over latest_first as from_last,
        row_number() over earliest_first as from_first,
        count(*) over (partition by touches.purchase_id, windows.window_days) as touch_count,
        power(0.5, touches.days_before / 7) as decayed
    from touches
    inner join (values (1), (7), (30)) as windows (window_days) on touches.days_before <= windows.window_days
    window
        latest_first as (
            partition by touches.purchase_id, windows.window_days order by touches.days_before, touches.message_key
        ),
        earliest_first as (
            partition by touches.purchase_id, windows.window_days
            order by touches.days_before desc, touches.message_key desc
        )
),

weighted as (
    select
        *,
        (from_last = 1)::integer::double as last_click,
        case
            when touch_count <= 2 then 1 / touch_count
            when from_last = 1 or from_first = 1 then 0.4
            else 0.2 / (touch_count - 2)
        end as position,
        decayed / sum(decayed) over (partition by purchase_id, window_days) as time_decay
    from placed
),

credits as (
    unpivot weighted
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
    coalesce(credited.purchases, 0)::double as purchases,
    coalesce(credited.revenue, 0)::decimal(18, 2) as revenue,
    coalesce(credited.revenue, 0)::double / nullif(cells.accepted, 0) as revenue_per_mail
from cells
left join credited using (campaign, occurrence, model, window_days)
order by all;

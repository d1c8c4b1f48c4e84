-- name: touches
-- owner: data
-- grain: one row per purchase, touch (a message that was clicked) and window
-- params: as_of
-- rebuild: by buyer
-- purpose: The clicks before each purchase with their weights, which marts.attribution sums: 30 days back, in each window.
create or replace table build.touches as
with clicks as (
    select
        message_key,
        subscriber_id,
        campaign,
        occurrence,
        occurred_at
    from temp.events
    where event = 'clicked' and verdict = 'human'
),

bought as (
    select
        purchases.purchase_id,
        purchases.subscriber_id,
        purchases.purchased_at,
        purchases.amount * rates.rate as revenue
    from temp.purchases as purchases
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
)

select
    purchase_id,
    subscriber_id,
    revenue,
    campaign,
    occurrence,
    window_days,
    (from_last = 1)::integer::double as last_click,
    case
        when touch_count <= 2 then 1 / touch_count
        when from_last = 1 or from_first = 1 then 0.4
        else 0.2 / (touch_count - 2)
    end as position,
    decayed / sum(decayed) over (partition by purchase_id, window_days) as time_decay
from placed;

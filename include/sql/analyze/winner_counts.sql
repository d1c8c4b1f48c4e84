-- name: winner_counts
-- owner: analytics
-- grain: one row per variant
-- params: plan_id, until
-- purpose: What decides between the variants of a test: of the people delivered and tracked, how many clicked (by humans), and
--          of the people drawn, how many bought after the plan and until $until. A refund is not a purchase.
with drawn as (
    select
        message_key,
        subscriber_id,
        variant,
        tracked,
        planned_at
    from dispatch.sends
    where plan_id = $plan_id and chunk is not null
),

engaged as (
    select
        message_key,
        bool_or(event = 'delivered') as was_delivered,
        bool_or(event = 'clicked' and verdict = 'human') as has_clicked
    from engagement.events
    semi join drawn using (message_key)
    group by message_key
),

bought as (
    select distinct drawn.subscriber_id
    from drawn
    inner join core.purchases using (subscriber_id)
    where
        purchases.amount >= 0
        and purchases.purchased_at > drawn.planned_at
        and purchases.purchased_at <= $until::timestamptz
)

select
    drawn.variant,
    count(*) as people,
    count(bought.subscriber_id) as buyers,
    count(*) filter (where drawn.tracked and engaged.was_delivered) as reached,
    count(*) filter (where drawn.tracked and engaged.was_delivered and engaged.has_clicked) as clickers
from drawn
left join engaged using (message_key)
left join bought using (subscriber_id)
group by drawn.variant
order by drawn.variant;

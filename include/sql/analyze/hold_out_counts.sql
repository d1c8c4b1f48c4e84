-- name: hold_out_counts
-- owner: analytics
-- grain: one row per campaign, occurrence and arm (held_out, treated)
-- params: as_of, purchase_window_days
-- purpose: How many subscribers bought in the $purchase_window_days days after the plan, in the arm that was drawn to get the mail and in the
--          arm that was held out. Intention to treat: the draw comes after suppressions and caps, so all subscribers in a
--          chunk count as treated, whatever became of the message. Chunks send the engaged first, so the subscribers who
--          were sent to before a plan stopped are better customers than those held out, with or without mail. A refund (an
--          amount below zero) is not a purchase. status: final, or window_open until these days are over. Plans without a
--          hold-out are excluded.
with arms as (
    select
        campaign,
        occurrence,
        subscriber_id,
        planned_at,
        case state when 'held_out' then 'held_out' else 'treated' end as variant
    from dispatch.sends
    where state = 'held_out' or chunk is not null
),

held_out as (
    select distinct
        campaign,
        occurrence
    from arms
    where variant = 'held_out'
),

tested as (
    select *
    from arms
    semi join held_out using (campaign, occurrence)
),

buyers as (
    select distinct
        tested.campaign,
        tested.occurrence,
        tested.subscriber_id
    from tested
    inner join core.purchases using (subscriber_id)
    where
        purchases.amount >= 0
        and purchases.purchased_at > tested.planned_at
        and purchases.purchased_at <= $as_of
        and epoch_ms(purchases.purchased_at) <= epoch_ms(tested.planned_at) + $purchase_window_days * 86400000
)

select
    tested.campaign,
    tested.occurrence,
    tested.variant,
    count(*) as people,
    count(buyers.subscriber_id) as converted,
    if(
        max(max(epoch_ms(tested.planned_at))) over (partition by tested.campaign, tested.occurrence)
        + $purchase_window_days * 86400000
        <= epoch_ms($as_of::timestamptz),
        'final',
        'window_open'
    ) as status
from tested
left join buyers using (campaign, occurrence, subscriber_id)
group by tested.campaign, tested.occurrence, tested.variant
order by all;

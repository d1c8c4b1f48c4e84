-- name: hold_out_counts
-- owner: analytics
-- grain: one row a campaign an occurrence an arm (held_out, treated)
-- params: as_of
-- purpose: How many bought in the 14 days after the plan, among those whom chance gave the mail and those whom it held out.
--          Intention to treat: the draw comes after suppressions and caps, so everybody whom the plan put into a chunk is
--          treated, whatever became of the message. The engaged go first, so those who were reached before a stop are better
--          customers than those held out, mail or no mail. A refund (an amount below zero) is no purchase. status: final, or
--          window_open until the 14 days are over. Plans without a hold-out are left out.
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

tested as (
    select *
    from arms
    semi join (select distinct campaign, occurrence from arms where variant = 'held_out') as held_out
        using (campaign, occurrence)
),

buyers as (
    select distinct tested.campaign, tested.occurrence, tested.subscriber_id
    from tested
    inner join core.purchases using (subscriber_id)
    where
        purchases.amount >= 0
        and purchases.purchased_at > tested.planned_at
        and purchases.purchased_at <= $as_of
        and epoch_ms(purchases.purchased_at) <= epoch_ms(tested.planned_at) + 14 * 86400000
)

select
    tested.campaign,
    tested.occurrence,
    tested.variant,
    count(*) as people,
    count(buyers.subscriber_id) as converted,
    if(
        max(max(epoch_ms(tested.planned_at))) over (partition by tested.campaign, tested.occurrence) + 14 * 86400000
        <= epoch_ms($as_of::timestamptz),
        'final',
        'window_open'
    ) as status
from tested
left join buyers using (campaign, occurrence, subscriber_id)
group by tested.campaign, tested.occurrence, tested.variant
order by all;

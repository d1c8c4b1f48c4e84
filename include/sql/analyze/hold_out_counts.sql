-- name: hold_out_counts
-- owner: analytics
-- grain: one row a campaign an occurrence an arm (held_out, treated)
-- params: as_of
-- purpose: How many bought in the 14 days after the plan, among those who got the mail and those held out by chance. Plans
--          without a hold-out are left out; a window that is still open counts what is known so far, for both arms alike.
with arms as (
    select
        campaign,
        occurrence,
        subscriber_id,
        planned_at,
        case state when 'held_out' then 'held_out' else 'treated' end as variant
    from dispatch.sends
    where state in ('held_out', 'accepted')
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
        purchases.purchased_at > tested.planned_at
        and purchases.purchased_at <= $as_of
        and epoch_ms(purchases.purchased_at) <= epoch_ms(tested.planned_at) + 14 * 86400000
)

select
    tested.campaign,
    tested.occurrence,
    tested.variant,
    count(*) as people,
    count(buyers.subscriber_id) as converted
from tested
left join buyers using (campaign, occurrence, subscriber_id)
group by all
order by all;

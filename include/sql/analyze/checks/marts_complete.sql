-- name: marts_complete
-- owner: data
-- grain: one row per mart that copies a table
-- params: none
-- purpose: No join of a mart lost or duplicated a row.
with planned as (
    select sends.message_key
    from dispatch.sends
    semi join (
        from engagement.opt_outs
        where message_key <> ''
    ) as keys using (message_key)
),

reported as (
    select events.message_key
    from engagement.events
    semi join (
        from engagement.opt_outs
        where message_key <> ''
    ) as keys using (message_key)
    where events.event in ('unsubscribed', 'group_unsubscribed') and events.verdict is distinct from 'machine'
)

select
    'marts.sends' as scope,
    'rows of the mart' as left_side,
    (select count(*) from marts.sends) as left_value,
    'rows of dispatch.sends' as right_side,
    (select count(*) from dispatch.sends) as right_value,
    true as must_hold
union all by name
select
    'marts.events' as scope,
    'rows of the mart' as left_side,
    (select count(*) from marts.events) as left_value,
    'events of the webhook and unsubscribes on our own pages that it did not report' as right_side,
    (select count(*) from engagement.events) + (
        select count(*)
        from engagement.opt_outs as opt_outs
        semi join planned on opt_outs.message_key = planned.message_key
        anti join reported on opt_outs.message_key = reported.message_key
    ) as right_value,
    true as must_hold
union all by name
select
    'marts.campaign_performance' as scope,
    'rows of the mart' as left_side,
    (select count(*) from marts.campaign_performance) as left_value,
    'rows of dispatch.plans' as right_side,
    (select count(*) from dispatch.plans) as right_value,
    true as must_hold
union all by name
select
    'marts.lifecycle' as scope,
    'rows of the mart' as left_side,
    (select count(*) from marts.lifecycle) as left_value,
    'rows of segment.features' as right_side,
    (select count(*) from segment.features) as right_value,
    true as must_hold;

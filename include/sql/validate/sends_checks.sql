-- name: sends_checks
-- owner: data
-- grain: one row per plan
-- params: since, min_rows
-- purpose: The people of the plans since a time, by plan: what the suite for sends checks.
with recent as (
    select
        plan_id,
        subscriber_id,
        state,
        sent_at < planned_at as is_early
    from dispatch.sends
    where planned_at >= $since
),

copies as (
    select
        plan_id,
        sum(copies - 1) as duplicates
    from (
        select
            plan_id,
            count(*) as copies
        from recent
        group by plan_id, subscriber_id
        having count(*) > 1
    ) as repeated
    group by plan_id
),

counted as (
    select
        plan_id,
        count(*) as counted,
        count(*) filter (
            where
            state not in ('pending', 'accepted', 'rejected', 'suppressed', 'capped', 'held_out', 'in_doubt', 'skipped')
        ) as unknown_states,
        count(*) filter (where is_early) as sent_early,
        count(*) filter (where state = 'in_doubt') as in_doubt,
        count(*) filter (where state = 'suppressed') as suppressed
    from recent
    group by plan_id
)

select
    concat(plans.campaign, ' ', plans.occurrence) as item,
    plans.selected,
    coalesce(counted.counted, 0) as counted,
    abs(plans.selected - coalesce(counted.counted, 0)) as missing,
    coalesce(copies.duplicates, 0)::bigint as duplicates,
    coalesce(counted.unknown_states, 0) as unknown_states,
    coalesce(counted.sent_early, 0) as sent_early,
    if(plans.selected >= $min_rows, counted.in_doubt / plans.selected, null) as in_doubt_share,
    if(plans.selected >= $min_rows, counted.suppressed / plans.selected, null) as suppressed_share
from dispatch.plans as plans
left join counted on plans.plan_id = counted.plan_id
left join copies on plans.plan_id = copies.plan_id
where plans.planned_at >= $since
order by plans.planned_at, item;

-- name: marts_complete
-- owner: data
-- grain: one row per mart that copies a table
-- params: none
-- purpose: No join of a mart lost or duplicated a row.
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
    'rows of engagement.events' as right_side,
    (select count(*) from engagement.events) as right_value,
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

-- name: lifecycle_adds_up
-- owner: analytics
-- grain: one row per sum
-- params: none
-- purpose: Every subscriber with features is in one state now, in the history and in the sums of the day.
select
    'marts.lifecycle_history' as scope,
    'states that are open' as left_side,
    (
        select count(*) from marts.lifecycle_history
        where valid_until is null
    ) as left_value,
    'rows of segment.features' as right_side,
    (select count(*) from segment.features) as right_value,
    true as must_hold
union all by name
select
    'marts.lifecycle_daily' as scope,
    'people on the day of the features' as left_side,
    (
        select coalesce(sum(people), 0)::bigint
        from marts.lifecycle_daily
        where day = (select utc_day(max(as_of)) from segment.features)
    ) as left_value,
    'rows of segment.features' as right_side,
    (select count(*) from segment.features) as right_value,
    true as must_hold;

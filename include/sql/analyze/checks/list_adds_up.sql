-- name: list_adds_up
-- owner: analytics
-- grain: one row per sum
-- params: none
-- purpose: Everybody who joined is a member or has left, in the growth of the list and in the cohorts; and every subscriber is in
--          marts.subscribers.
with last_cells as (
    select *
    from marts.cohort_retention
    qualify row_number() over (partition by cohort_month order by tenure_months desc) = 1
)

select
    'marts.subscribers' as scope,
    'rows of the mart' as left_side,
    (select count(*) from marts.subscribers) as left_value,
    'rows of core.subscribers' as right_side,
    (select count(*) from core.subscribers) as right_value,
    true as must_hold
union all by name
select
    'growth of the list' as scope,
    'joined - left' as left_side,
    (select coalesce(sum(joined - left_list), 0)::bigint from marts.list_growth) as left_value,
    'members' as right_side,
    (
        select count(*) from marts.subscribers
        where is_member
    ) as right_value,
    true as must_hold
union all by name
select
    'reasons to leave' as scope,
    'left' as left_side,
    (select coalesce(sum(left_list), 0)::bigint from marts.list_growth) as left_value,
    'unsubscribed + complained + bounced + expired + deleted + suppressed' as right_side,
    (
        select
            coalesce(
                sum(
                    left_unsubscribed + left_complained + left_bounced + left_expired + left_deleted + left_suppressed
                ), 0
            )::bigint
        from marts.list_growth
    ) as right_value,
    true as must_hold
union all by name
select
    'cohorts' as scope,
    'people of all cohorts less those who left' as left_side,
    (select coalesce(sum(members), 0)::bigint from last_cells) as left_value,
    'members who joined in their months' as right_side,
    (
        select count(*)
        from marts.subscribers
        semi join last_cells on date_trunc('month', utc_day(subscribers.joined_at))::date = last_cells.cohort_month
        where subscribers.is_member
    ) as right_value,
    false as must_hold;

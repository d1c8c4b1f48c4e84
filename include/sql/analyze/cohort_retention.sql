-- name: cohort_retention
-- owner: analytics
-- grain: one row per month of joining and month of tenure
-- params: as_of
-- purpose: What becomes of the people who joined in one month: how many are still members, get mail, engage and buy, month by
--          month (UTC). Tenure 0 is the month of joining. The last month is not over (is_complete is false).
create or replace table marts.cohort_retention as
with people as (
    select
        subscriber_id,
        date_trunc('month', utc_day(joined_at))::date as cohort_month,
        date_trunc('month', utc_day(left_at))::date as left_month
    from marts.subscribers
    where joined_at is not null and joined_at <= $as_of
),

cells as (
    select
        cohort_month,
        unnest(range(cohort_month, utc_day($as_of::timestamptz) + 1, interval 1 month))::date as month,
        count(*) as people
    from people
    group by cohort_month
),

departed as (
    select
        cohort_month,
        left_month as month,
        count(*) as people
    from people
    where left_month is not null
    group by all
),

mailed as (
    select
        people.cohort_month,
        months.month,
        count(*) as mailed,
        count(*) filter (where months.was_reached) as reached,
        count(*) filter (where months.has_opened) as opened,
        count(*) filter (where months.has_clicked) as clicked
    from people
    inner join build.person_months as months on people.subscriber_id = months.subscriber_id
    group by all
),

bought as (
    select
        people.cohort_month,
        date_trunc('month', utc_day(purchases.purchased_at))::date as month,
        count(distinct people.subscriber_id) filter (where not purchases.is_refund) as buyers,
        count(*) filter (where not purchases.is_refund) as purchases,
        sum(purchases.revenue) as revenue
    from people
    inner join marts.purchases as purchases on people.subscriber_id = purchases.subscriber_id
    where purchases.purchased_at <= $as_of
    group by all
),

counted as (
    select
        cells.*,
        datediff('month', cells.cohort_month, cells.month) as tenure_months,
        cells.people - sum(coalesce(departed.people, 0)) over (
            partition by cells.cohort_month order by cells.month
        )::bigint as members,
        coalesce(mailed.mailed, 0) as mailed,
        coalesce(mailed.reached, 0) as reached,
        coalesce(mailed.opened, 0) as opened,
        coalesce(mailed.clicked, 0) as clicked,
        coalesce(bought.buyers, 0) as buyers,
        coalesce(bought.purchases, 0) as purchases,
        coalesce(bought.revenue, 0)::decimal(18, 2) as revenue
    from cells
    left join departed on cells.cohort_month = departed.cohort_month and cells.month = departed.month
    left join mailed on cells.cohort_month = mailed.cohort_month and cells.month = mailed.month
    left join bought on cells.cohort_month = bought.cohort_month and cells.month = bought.month
)

select
    cohort_month,
    tenure_months,
    month,
    month < date_trunc('month', utc_day($as_of::timestamptz)) as is_complete,
    people,
    members,
    mailed,
    reached,
    opened,
    clicked,
    buyers,
    purchases,
    revenue,
    members / people as retention_rate,
    opened / nullif(reached, 0) as opener_rate,
    clicked / nullif(reached, 0) as clicker_rate,
    buyers / people as buyer_rate
from counted
order by cohort_month, tenure_months;

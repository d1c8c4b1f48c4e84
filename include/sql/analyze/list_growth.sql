-- name: list_growth
-- owner: analytics
-- grain: one row per day on which somebody joined or left
-- params: none
-- purpose: Growth and decay of the list. Each person joins once and leaves at most once (marts.subscribers); who returned has
--          not left. members is the number at the end of the day.
create or replace table marts.list_growth as
with moves as (
    select
        utc_day(joined_at) as day,
        'joined' as moved
    from marts.subscribers
    where joined_at is not null
    union all
    select
        utc_day(left_at) as day,
        case
            when left_reason in ('unsubscribe', 'unsubscribed_at_source') then 'unsubscribed'
            when left_reason = 'spam_complaint' then 'complained'
            when left_reason in ('hard_bounce', 'invalid_address') then 'bounced'
            when left_reason = 'consent_expired' then 'expired'
            when left_reason = 'deleted_at_source' then 'deleted'
            else 'suppressed'
        end as moved
    from marts.subscribers
    where left_at is not null
),

counted as (
    select
        day,
        count(*) filter (where moved = 'joined') as joined,
        count(*) filter (where moved <> 'joined') as left_list,
        count(*) filter (where moved = 'unsubscribed') as left_unsubscribed,
        count(*) filter (where moved = 'complained') as left_complained,
        count(*) filter (where moved = 'bounced') as left_bounced,
        count(*) filter (where moved = 'expired') as left_expired,
        count(*) filter (where moved = 'deleted') as left_deleted,
        count(*) filter (where moved = 'suppressed') as left_suppressed
    from moves
    group by day
)

select
    *,
    joined - left_list as net,
    sum(joined - left_list) over (order by day)::bigint as members,
    left_list / nullif(sum(joined - left_list) over (order by day) - joined + left_list, 0) as churn_rate
from counted
order by day;

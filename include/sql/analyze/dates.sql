-- name: dates
-- owner: analytics
-- grain: one row per day
-- params: as_of
-- purpose: The calendar for charts and joins, from the first sign-up, purchase or plan up to the day of as_of, so that a day
--          without rows is a zero and not a gap.
create or replace table marts.dates as
with days as (
    select
        unnest(
            range(
                coalesce(
                    least(
                        (select min(utc_day(signed_up_at)) from core.subscribers),
                        (select min(utc_day(purchased_at)) from core.purchases),
                        (select min(utc_day(planned_at)) from dispatch.plans)
                    ),
                    utc_day($as_of::timestamptz)
                ),
                utc_day($as_of::timestamptz) + 1,
                interval 1 day
            )
        )::date as day
)

select
    day,
    isodow(day)::integer as weekday,
    dayname(day) as weekday_name,
    isodow(day) >= 6 as is_weekend,
    strftime(day, '%G-W%V') as iso_week,
    date_trunc('month', day)::date as month,
    quarter(day)::integer as quarter,
    year(day)::integer as year
from days
order by day;

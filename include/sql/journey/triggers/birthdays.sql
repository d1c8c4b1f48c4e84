-- name: birthdays
-- owner: marketing
-- grain: one row per person whose birthday it is
-- params: as_of, since
-- purpose: People whose birthday is today, from 08:00 UTC; by the attribute birthday of the source, a date or month and day
--          (1985-04-30, 04-30). Who was born on 29 February has it on the 28th in other years.
with told as (
    select
        subscriber_id,
        year(utc_day($as_of::timestamptz)) as this_year,
        right(attributes ->> 'birthday', 5) as month_and_day
    from core.subscribers
    where length(attributes ->> 'birthday') in (5, 10)
),

this_year as (
    select
        subscriber_id,
        coalesce(
            try_cast(concat(this_year, '-', month_and_day) as date),
            if(month_and_day = '02-29', make_date(this_year, 2, 28), null)
        ) as birthday
    from told
)

select
    subscriber_id,
    concat('birthday ', birthday) as trigger_key,
    timezone('UTC', birthday + interval 8 hour) as happened_at
from this_year
where timezone('UTC', birthday + interval 8 hour) > $since and timezone('UTC', birthday + interval 8 hour) <= $as_of;

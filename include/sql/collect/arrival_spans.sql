-- name: arrival_spans
-- owner: data
-- grain: one row per time range
-- params: none
-- purpose: The time ranges in which known events can be duplicates of the matched arrivals: their days, with a day before and
--          a day after, joined where they touch. A late event adds its own days and not those between, so that the cost of
--          reading known events follows the arrivals and not the history.
with days as (
    select distinct occurred_at::date as day
    from matched
    where matched_message_key is not null
),

starts as (
    select
        day,
        coalesce(day - lag(day) over (order by day asc) > 3, true) as is_first
    from days
),

spans as (
    select
        day,
        count(*) filter (where is_first) over (order by day asc) as span
    from starts
)

select
    (min(day) - 1)::timestamptz as first,
    (max(day) + 2)::timestamptz as last
from spans
group by span
order by span asc;

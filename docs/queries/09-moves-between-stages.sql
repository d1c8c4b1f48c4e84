-- question: Who moved from one lifecycle stage to another, and how many?
-- reading:  A person can move more than once.
with states as (
    select *, lag(lifecycle_stage) over (partition by subscriber_id order by valid_from) as stage_before
    from marts.lifecycle_history
)
select stage_before, lifecycle_stage as stage_after, count(*) as moves, min(valid_from) as first_day, max(valid_from) as last_day
from states
where stage_before <> lifecycle_stage
group by all
union all
select 'no change yet', lifecycle_stage, count(*), min(valid_from), max(valid_from)
from states
where stage_before is null
group by lifecycle_stage
order by moves desc;

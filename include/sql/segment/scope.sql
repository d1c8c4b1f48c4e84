-- name: scope
-- owner: data
-- grain: one row
-- params: none
-- purpose: What says whether everybody is computed, and what is kept of the run before: the present scales (null before the first
--          run), whether a run that built only the segments of activities computed them, whether replaced facts are kept, the
--          people on the list, whether everybody's facts changed, and whether a source has more or fewer rows although nobody
--          noted a change of it in segment.changes.
with counted as (
    select
        (select count(*) from core.purchases) as purchases,
        (select count(*) from core.activities) as activities,
        (select count(*) from engagement.events) as events
),

noted as (
    select
        count(*) filter (where subscriber_id is null) as everybody,
        count(*) filter (where source = 'purchases') as purchases,
        count(*) filter (where source = 'activities') as activities,
        count(*) filter (where source = 'events') as events
    from segment.changes
),

partial_runs as (
    select
        as_of,
        bool_and(coalesce(is_partial, false)) as is_partial
    from segment.runs
    group by as_of
)

select
    scales.as_of,
    scales.whole_at,
    scales.basis,
    (select count(*) from core.subscribers) as people,
    coalesce(partial_runs.is_partial, false) as is_partial,
    exists(
        select 1
        from segment.scales as earlier
        where earlier.is_previous and not earlier.is_whole
    ) as keeps_replaced,
    noted.everybody > 0 as is_everybody,
    (counted.purchases is distinct from scales.purchases and noted.purchases = 0)
    or (counted.activities is distinct from scales.activities and noted.activities = 0)
    or (counted.events is distinct from scales.events and noted.events = 0) as is_unnoted
from counted
cross join noted
left join segment.scales as scales on not scales.is_previous
left join partial_runs on scales.as_of = partial_runs.as_of;

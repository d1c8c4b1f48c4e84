-- name: decided
-- owner: data
-- grain: one row an arrival
-- params: first, last
-- purpose: The fate of each arrival: new, duplicate (by what it says or by sg_event_id, of a known event or of an arrival
--          before it), or quarantined with the reason. One that was quarantined before and is still unknown is waiting.
create or replace temp table decided as
with known as (
    select
        event_key,
        sg_event_id
    from engagement.events
    where occurred_at between $first and $last
),

ranked as (
    select
        *,
        problem is null and sent_key is not null as usable,
        row_number() over (partition by event_key order by reconsidered desc, spool_file, position) as copy
    from tied
),

identified as (
    select
        *,
        row_number() over (
            partition by coalesce(sg_event_id, event_key), usable, copy = 1
            order by reconsidered desc, spool_file, position
        ) as copy_of_id
    from ranked
)

select
    *,
    case when not usable then coalesce(problem, 'unknown_message') end as refusal,
    case
        when usable and (
            copy > 1
            or copy_of_id > 1
            or event_key in (select known.event_key from known)
            or sg_event_id in (select known.sg_event_id from known where known.sg_event_id is not null)
        ) then 'duplicate'
        when usable then 'new'
        when reconsidered then 'waiting'
        when copy > 1 or event_key in (select held.event_key from engagement.quarantined_events as held) then 'duplicate'
        else 'quarantined'
    end as fate
from identified;

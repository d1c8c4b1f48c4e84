-- name: decided
-- owner: data
-- grain: one row an arrival
-- params: first, last
-- purpose: The fate of each arrival: new, duplicate (by what it says or by sg_event_id, of a known event or of an arrival
--          before it), or quarantined with the reason. One that was quarantined before and is still unknown is waiting.
--          event_key is what an event says (content_key), and which of several: a scanner may follow one link several times in
--          a second, so clicks that say the same are as many as one batch has ids for them, and the second ends in -2. Another
--          batch that says it again numbers alike, so it adds nothing, under whatever ids.
--          An id makes a copy of what says something else under it; of what says the same, the key decides.
create or replace temp table decided as
with known as (
    select
        event_key,
        sg_event_id
    from engagement.events
    where occurred_at between $first and $last
),

repeated as (
    select
        spool_file,
        content_key,
        list_sort(list(distinct sg_event_id)) as ids
    from tied
    where event = 'clicked' and not reconsidered
    group by spool_file, content_key
    having count(distinct sg_event_id) > 1
),

counted as (
    select
        tied.arrival,
        tied.spool_file,
        tied.position,
        tied.sg_event_id,
        tied.content_key,
        tied.reconsidered,
        tied.problem is null and tied.sent_key is not null as usable,
        coalesce(
            list_position(repeated.ids, tied.sg_event_id),
            try_cast(nullif(split_part(tied.quarantine_key, '-', 2), '') as integer),
            1
        ) as number,
        if(number = 1, tied.content_key, concat(tied.content_key, '-', number)) as event_key
    from tied
    left join repeated
        on tied.spool_file = repeated.spool_file and tied.content_key = repeated.content_key and not tied.reconsidered
),

ranked as (
    select
        *,
        row_number() over (partition by event_key order by reconsidered desc, spool_file, position) as copy
    from counted
),

identified as (
    select
        *,
        first_value(content_key) over (
            partition by coalesce(sg_event_id, event_key), usable, copy = 1
            order by reconsidered desc, spool_file, position
        ) as first_content
    from ranked
),

borrowed as (
    select counted.sg_event_id
    from counted
    inner join known on counted.sg_event_id = known.sg_event_id
    where counted.number > 1 and left(known.event_key, 32) <> counted.content_key
),

fates as (
    select
        arrival,
        event_key,
        usable,
        case
            when usable and (
                copy > 1
                or content_key <> first_content
                or event_key in (select known.event_key from known)
                or (number = 1 and sg_event_id in (select known.sg_event_id from known where known.sg_event_id is not null))
                or sg_event_id in (select borrowed.sg_event_id from borrowed)
            ) then 'duplicate'
            when usable then 'new'
            when reconsidered then 'waiting'
            when copy > 1 or event_key in (select held.event_key from engagement.quarantined_events as held) then 'duplicate'
            else 'quarantined'
        end as fate
    from identified
)

select
    tied.*,
    fates.event_key,
    case when not fates.usable then coalesce(tied.problem, 'unknown_message') end as refusal,
    fates.fate
from tied
inner join fates on tied.arrival = fates.arrival;

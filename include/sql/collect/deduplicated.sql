-- name: deduplicated
-- owner: data
-- grain: one row per arrival
-- params: none
-- purpose: The status of each arrival: new; duplicate (same content or same sg_event_id as a known event or an earlier
--          arrival); quarantined, with quarantine_reason; or waiting, for an event from the quarantine whose message is
--          still unknown.
--          dedup_key is the content hash (content_key) plus a number for repeated clicks. A scanner can follow one link
--          several times within a second, so clicks with equal content count once per distinct sg_event_id in their batch;
--          the second gets the suffix -2. Another batch with the same clicks is numbered in the same way and adds nothing,
--          whatever its ids are.
--          An sg_event_id identifies duplicates only among events with different content; for equal content, dedup_key
--          decides. Most arrivals share neither with another one: only the others are ranked.
create or replace temp table deduplicated as
with repeated as (
    select
        spool_file,
        content_key,
        list_sort(list(distinct sg_event_id)) as ids
    from matched
    where event = 'clicked' and not reconsidered
    group by spool_file, content_key
    having count(distinct sg_event_id) > 1
),

numbered as (
    select
        matched.arrival,
        matched.spool_file,
        matched.position,
        matched.sg_event_id,
        matched.content_key,
        matched.reconsidered,
        matched.problem is null and matched.matched_message_key is not null as usable,
        coalesce(
            list_position(repeated.ids, matched.sg_event_id),
            try_cast(nullif(split_part(matched.quarantine_key, '-', 2), '') as integer),
            1
        ) as number,
        if(number = 1, matched.content_key, concat(matched.content_key, '-', number)) as dedup_key
    from matched
    left join repeated
        on
            matched.spool_file = repeated.spool_file
            and matched.content_key = repeated.content_key
            and not matched.reconsidered
),

shared_keys as (
    select dedup_key
    from numbered
    group by dedup_key
    having count(*) > 1
),

copies as (
    select numbered.arrival
    from numbered
    semi join shared_keys on numbered.dedup_key = shared_keys.dedup_key
    qualify
        row_number() over (
            partition by numbered.dedup_key
            order by numbered.reconsidered desc, numbered.spool_file asc, numbered.position asc
        ) > 1
),

shared_ids as (
    select sg_event_id
    from numbered
    where usable and sg_event_id is not null
    group by sg_event_id
    having min(content_key) <> max(content_key)
),

other_contents as (
    select numbered.arrival
    from numbered
    semi join shared_ids on numbered.sg_event_id = shared_ids.sg_event_id
    anti join copies on numbered.arrival = copies.arrival
    where numbered.usable
    qualify
        numbered.content_key <> first_value(numbered.content_key) over (
            partition by numbered.sg_event_id
            order by numbered.reconsidered desc, numbered.spool_file asc, numbered.position asc
        )
),

reused_ids as (
    select numbered.sg_event_id
    from numbered
    inner join known on numbered.sg_event_id = known.sg_event_id
    where numbered.number > 1 and left(known.dedup_key, 32) <> numbered.content_key
),

statuses as (
    select
        arrival,
        dedup_key,
        usable,
        case
            when usable and (
                arrival in (select copies.arrival from copies)
                or arrival in (select other_contents.arrival from other_contents)
                or dedup_key in (select known.dedup_key from known)
                or (number = 1 and sg_event_id in (
                    select known.sg_event_id
                    from known
                    where known.sg_event_id is not null
                ))
                or sg_event_id in (select reused_ids.sg_event_id from reused_ids)
            ) then 'duplicate'
            when usable then 'new'
            when reconsidered then 'waiting'
            when
                arrival in (select copies.arrival from copies)
                or dedup_key in (select refused.dedup_key from engagement.quarantined_events as refused)
                then 'duplicate'
            else 'quarantined'
        end as status
    from numbered
)

select
    matched.arrival,
    matched.spool_file,
    matched.event,
    matched.matched_message_key,
    matched.reconsidered,
    matched.quarantine_key,
    statuses.dedup_key,
    case when not statuses.usable then coalesce(matched.problem, 'unknown_message') end as quarantine_reason,
    statuses.status
from matched
inner join statuses on matched.arrival = statuses.arrival;

-- name: deduplicated
-- owner: data
-- grain: one row per arrival
-- params: first, last
-- purpose: The status of each arrival: new; duplicate (same content or same sg_event_id as a known event or an earlier
--          arrival); quarantined, with quarantine_reason; or waiting, for an event from the quarantine whose message is
--          still unknown.
--          dedup_key is the content hash (content_key) plus a number for repeated clicks. A scanner can follow one link
--          several times within a second, so clicks with equal content count once per distinct sg_event_id in their batch;
--          the second gets the suffix -2. Another batch with the same clicks is numbered in the same way and adds nothing,
--          whatever its ids are.
--          An sg_event_id identifies duplicates only among events with different content; for equal content, dedup_key
--          decides.
create or replace temp table deduplicated as
with known as (
    select
        dedup_key,
        sg_event_id
    from engagement.events
    where occurred_at between $first and $last
),

repeated as (
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

ranked as (
    select
        *,
        row_number() over (partition by dedup_key order by reconsidered desc, spool_file asc, position asc) as copy
    from numbered
),

identified as (
    select
        *,
        first_value(content_key) over (
            partition by coalesce(sg_event_id, dedup_key), usable, copy = 1
            order by reconsidered desc, spool_file asc, position asc
        ) as first_content
    from ranked
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
                copy > 1
                or content_key <> first_content
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
            when copy > 1 or dedup_key in (select refused.dedup_key from engagement.quarantined_events as refused)
                then 'duplicate'
            else 'quarantined'
        end as status
    from identified
)

select
    matched.*,
    statuses.dedup_key,
    case when not statuses.usable then coalesce(matched.problem, 'unknown_message') end as quarantine_reason,
    statuses.status
from matched
inner join statuses on matched.arrival = statuses.arrival;

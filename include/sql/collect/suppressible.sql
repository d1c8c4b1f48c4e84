-- name: suppressible
-- owner: data
-- grain: one row an address a reason
-- params: none
-- purpose: Whom the batches that were not looked at yet say that we must not mail: the address that was mailed, why, since
--          when, by which message. Events in quarantine count too, since a complaint about a message that we do not know is
--          still a complaint; but not their group unsubscribes, which may belong to somebody else's list. What came before
--          the person lifted the reason themselves (`lifts`, from the ledger) is over. A drop while we ourselves had the
--          address on SendGrid's unsubscribe lists (`by_our_hand`) says nothing about the person.
with told as (
    select
        events.message_key,
        events.event,
        events.occurred_at,
        suppressing.suppression
    from engagement.events
    inner join engagement.spool_files on events.spool_file = spool_files.name
    inner join suppressing
        on
            events.event = suppressing.event
            and suppressing.detail = case events.event
                when 'bounced' then coalesce(events.bounce_class, '')
                when 'dropped' then lower(trim(coalesce(events.reason, '')))
                else ''
            end
    where spool_files.suppressed_at is null
),

addresses as (
    select
        message_key,
        any_value(address_key) as address_key
    from dispatch.sends
    where message_key in (select told.message_key from told)
    group by message_key
),

happened as (
    select
        addresses.address_key,
        told.event,
        told.suppression,
        told.message_key,
        told.occurred_at
    from told
    inner join addresses on told.message_key = addresses.message_key

    union all

    select
        held.raw_event ->> 'address_key' as address_key,
        suppressing.event,
        suppressing.suppression,
        null as message_key,
        case
            when held.reason = 'bad_timestamp' then held.received_at
            else to_timestamp((held.raw_event ->> 'reported_at')::bigint)
        end as occurred_at
    from engagement.quarantined_events as held
    inner join engagement.spool_files on held.spool_file = spool_files.name
    inner join suppressing
        on
            (held.raw_event ->> 'event') = suppressing.event
            and suppressing.detail = case (held.raw_event ->> 'event')
                when 'bounced' then coalesce(held.raw_event ->> 'bounce_class', '')
                when 'dropped' then lower(trim(coalesce(held.raw_event ->> 'reason', '')))
                else ''
            end
    where
        spool_files.suppressed_at is null
        and suppressing.event <> 'group_unsubscribed'
)

select
    happened.address_key,
    happened.suppression as reason,
    epoch(max(happened.occurred_at)) as happened_at,
    arg_max(happened.message_key, happened.occurred_at) as message_key
from happened
left join lifts
    on happened.address_key = lifts.address_key and happened.suppression = lifts.reason
where
    happened.address_key is not null
    and (lifts.lifted_at is null or epoch(happened.occurred_at) > lifts.lifted_at)
    and not (
        happened.event = 'dropped'
        and happened.suppression = 'unsubscribe'
        and exists (
            select 1
            from by_our_hand
            where
                by_our_hand.address_key = happened.address_key
                and epoch(happened.occurred_at) between by_our_hand.since and by_our_hand.until
        )
    )
group by happened.address_key, happened.suppression
order by happened.address_key, happened.suppression;

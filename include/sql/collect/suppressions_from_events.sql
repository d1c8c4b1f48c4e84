-- name: suppressions_from_events
-- owner: data
-- grain: one row per address per reason
-- params: none
-- purpose: Suppressions that follow from batches not read for suppressions yet: the address that was mailed, the reason,
--          since when, and by which message. Quarantined events count too, since a complaint about an unknown message is
--          still a complaint; group unsubscribes among them do not, since the group may belong to other mail of the
--          account. Events from before the person lifted the reason (`lifts`, from the ledger) do not count, nor do drops
--          while Tradewind itself had the address on SendGrid's unsubscribe lists (`withheld_periods`).
with reported as (
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
    where message_key in (select reported.message_key from reported)
    group by message_key
),

suppressing_events as (
    select
        addresses.address_key,
        reported.event,
        reported.suppression,
        reported.message_key,
        reported.occurred_at
    from reported
    inner join addresses on reported.message_key = addresses.message_key

    union all

    select
        quarantined.raw_event ->> 'address_key' as address_key,
        suppressing.event,
        suppressing.suppression,
        null as message_key,
        case
            when quarantined.reason = 'bad_timestamp' then quarantined.received_at
            else to_timestamp((quarantined.raw_event ->> 'reported_at')::bigint)
        end as occurred_at
    from engagement.quarantined_events as quarantined
    inner join engagement.spool_files on quarantined.spool_file = spool_files.name
    inner join suppressing
        on
            (quarantined.raw_event ->> 'event') = suppressing.event
            and suppressing.detail = case (quarantined.raw_event ->> 'event')
                when 'bounced' then coalesce(quarantined.raw_event ->> 'bounce_class', '')
                when 'dropped' then lower(trim(coalesce(quarantined.raw_event ->> 'reason', '')))
                else ''
            end
    where
        spool_files.suppressed_at is null
        and suppressing.event <> 'group_unsubscribed'
)

select
    suppressing_events.address_key,
    suppressing_events.suppression as reason,
    epoch(max(suppressing_events.occurred_at)) as happened_at,
    arg_max(suppressing_events.message_key, suppressing_events.occurred_at) as message_key
from suppressing_events
left join lifts
    on suppressing_events.address_key = lifts.address_key and suppressing_events.suppression = lifts.reason
where
    suppressing_events.address_key is not null
    and (lifts.lifted_at is null or epoch(suppressing_events.occurred_at) > lifts.lifted_at)
    and not (
        suppressing_events.event = 'dropped'
        and suppressing_events.suppression = 'unsubscribe'
        and exists (
            select 1
            from withheld_periods
            where
                withheld_periods.address_key = suppressing_events.address_key
                and epoch(suppressing_events.occurred_at) between withheld_periods.since and withheld_periods.until
        )
    )
group by suppressing_events.address_key, suppressing_events.suppression
order by suppressing_events.address_key, suppressing_events.suppression;

-- name: suppression_entries
-- owner: data
-- grain: one row per list and address (temp table suppression_entries)
-- params: none
-- purpose: Every address on a list of SendGrid (view listed), and every suppression in force here (list ledger for unsubscribes,
--          ledger <reason> for others), with its state: matched: the other side has it too, for whatever reason. explained:
--          the difference is as it must be (a block is temporary; the person resubscribed, or we listed the address; an
--          entry waits for its export, or its address is not known, as after an erasure; a bounce or complaint came from
--          SendGrid, whose lists others shorten; a complaint was followed by a confirmation). missing: the other side
--          lacks it. withheld_now contains addresses that we listed in the last 30 days and those of the view elsewhere:
--          suppressions in force that did not come from SendGrid.
with entries as (
    select
        list,
        address_key,
        any_value(reason) as reason,
        max(happened_at) as happened_at
    from listed
    group by list, address_key
)

select
    entries.list,
    entries.address_key,
    entries.reason,
    entries.happened_at,
    case
        when entries.list = 'blocks' then 'explained'
        when entries.address_key in (select suppressed_now.address_key from suppressed_now) then 'matched'
        when entries.address_key in (select resubscribed.address_key from resubscribed) then 'explained'
        when entries.address_key in (select withheld_now.address_key from withheld_now) then 'explained'
        when lifted.lifted_at >= epoch(entries.happened_at) then 'explained'
        else 'missing'
    end as state
from entries
left join lifted on entries.address_key = lifted.address_key and entries.reason = lifted.reason
union all
select
    case reason when 'unsubscribe' then 'ledger' else 'ledger ' || reason end as list,
    address_key,
    reason,
    happened_at,
    case
        when address_key in (
            select listed.address_key from listed
            where listed.list <> 'blocks'
        ) then 'matched'
        when address_key in (select pending_export.address_key from pending_export) then 'explained'
        when address_key not in (select identities.address_key from core.identities) then 'explained'
        when
            reason in ('hard_bounce', 'invalid_address', 'spam_complaint')
            and (address_key, reason) not in (
                select
                    elsewhere.address_key,
                    elsewhere.reason
                from elsewhere
            )
            then 'explained'
        when
            reason = 'spam_complaint' and address_key in (
                select holdings.address_key
                from core.holdings
                inner join core.standing on holdings.subscriber_id = standing.subscriber_id
                where holdings.is_current and not standing.has_left
            )
            then 'explained'
        else 'missing'
    end as state
from suppressed_now;

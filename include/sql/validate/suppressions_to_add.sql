-- name: suppressions_to_add
-- owner: data
-- grain: one row per address and reason
-- params: at, since
-- purpose: Addresses to suppress in plans frozen after `since`: every address of the subscribers who no longer consent at
--          the source, and addresses that their subscriber replaced (address_given_up), which says nothing about the
--          subscriber's consent. Excluded are addresses whose current subscriber may be mailed.
with changed_subscribers as (
    select subscriber_id
    from core.refusals
    where learned_at >= $since and subscriber_id is not null
    union
    select holdings.subscriber_id
    from core.refusals
    inner join core.holdings on refusals.address_key = holdings.address_key
    where refusals.learned_at >= $since
    union
    select subscriber_id
    from core.held_back
    where held_at >= $since
    union
    select source_key
    from core.unseen
    where unseen_since >= $since and relation = 'subscribers'
    union
    select subscriber_id
    from core.subscribers
    where deleted_at >= $since
),

withheld as (
    select
        holdings.address_key,
        person.withheld_for as reason
    from people_as_of($at) as person
    inner join changed_subscribers on person.subscriber_id = changed_subscribers.subscriber_id
    inner join core.holdings on person.subscriber_id = holdings.subscriber_id
    where
        person.withheld_for in ('deleted_at_source', 'unsubscribed_at_source', 'row_quarantined', 'unseen_at_source')
    union all
    select
        former.address_key,
        'address_given_up' as reason
    from core.former_addresses as former
    inner join core.subscribers as person on former.subscriber_id = person.subscriber_id
    where former.given_up_at >= $since and former.address_key <> person.address_key
)

select distinct
    withheld.address_key,
    withheld.reason
from withheld
anti join (
    select address_key
    from people_as_of($at)
    where withheld_for is null and address_key in (select address_key from withheld)
) as mailable on withheld.address_key = mailable.address_key
order by all;

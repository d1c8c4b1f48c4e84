-- name: suppressions_to_add
-- owner: data
-- grain: one row an address a reason
-- params: at, since
-- purpose: Whom a plan that was frozen after `since` may still hold, and who is no longer a yes by what the source said
--          meanwhile: every address of theirs. And addresses that their person gave up meanwhile for another
--          (address_given_up), which is no answer about the person. Not an address that somebody has now who may be mailed.
with suspects as (
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
    inner join suspects on person.subscriber_id = suspects.subscriber_id
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
) as wanted on withheld.address_key = wanted.address_key
order by all;

-- name: person_addresses
-- owner: data
-- grain: one row per address key
-- params: ids
-- purpose: All address keys of some subscribers, with the address in clear where the warehouse has it. An address that another
--          subscriber has now is theirs, and is left out.
select
    holdings.address_key,
    any_value(identities.email) as email
from core.holdings
left join core.identities as identities
    on holdings.subscriber_id = identities.subscriber_id and holdings.address_key = identities.address_key
where
    list_contains($ids::varchar[], holdings.subscriber_id)
    and holdings.address_key not in (
        select subscribers.address_key
        from core.subscribers as subscribers
        where not list_contains($ids::varchar[], subscribers.subscriber_id)
    )
group by holdings.address_key
order by holdings.address_key;

-- name: person
-- owner: data
-- grain: one row per subscriber and address
-- params: address_keys, subscriber_ids
-- purpose: The subscribers with one of these ids, or with one of these addresses now or earlier, with every address that each
--          has or had.
select distinct
    subscriber_id,
    address_key,
    is_current
from core.holdings
where
    subscriber_id in (
        select known.subscriber_id
        from core.holdings as known
        where
            list_contains($address_keys::varchar[], known.address_key)
            or list_contains($subscriber_ids::varchar[], known.subscriber_id)
    )
order by all;

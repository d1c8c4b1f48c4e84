-- name: addresses_known
-- owner: data
-- grain: one row per address
-- params: none
-- purpose: The addresses that belong to the keys in `requested_keys`, as the source has them now.
select distinct
    address_key,
    email
from core.identities
where address_key in (select requested_keys.address_key from requested_keys);

-- name: addresses_known
-- owner: data
-- grain: one row an address
-- params: none
-- purpose: The addresses behind some keys (`wanted`), as the source has them now.
select distinct
    address_key,
    email
from core.identities
where address_key in (select wanted.address_key from wanted);

-- name: addresses_planned
-- owner: data
-- grain: one row per address
-- params: parts
-- purpose: The addresses that belong to the keys in `requested_keys`, as they are in the files of a plan: for people whose
--          address has changed since the plan was made.
select distinct
    address_key,
    email
from read_parquet($parts)
where address_key in (select requested_keys.address_key from requested_keys);

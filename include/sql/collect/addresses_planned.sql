-- name: addresses_planned
-- owner: data
-- grain: one row an address
-- params: parts
-- purpose: The addresses behind some keys (`wanted`), as mail was planned to them: for people whose address changed since.
select distinct
    address_key,
    email
from read_parquet($parts)
where address_key in (select wanted.address_key from wanted);

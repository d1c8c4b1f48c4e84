-- name: 056_former_addresses_given_up_at
-- owner: data
-- grain: none
-- params: none
-- purpose: When the person last changed from the address to another; null where that was before the column came. A plan that was
--          frozen earlier still holds the address.
alter table core.former_addresses add column if not exists given_up_at timestamptz;

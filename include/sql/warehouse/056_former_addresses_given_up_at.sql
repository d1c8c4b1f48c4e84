-- name: 056_former_addresses_given_up_at
-- owner: data
-- grain: none
-- params: none
-- purpose: When the subscriber last changed from this address to another; null for changes before this column existed. A
--          plan that was frozen earlier still has the address.
alter table core.former_addresses add column if not exists given_up_at timestamptz;

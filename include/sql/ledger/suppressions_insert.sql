-- name: suppressions_insert
-- owner: data
-- grain: one row per suppressed address and reason
-- params: none
-- purpose: The whole table anew: what the ledger says, registered as the view suppressions_in_force.
insert into core.suppressions by name
select
    address_key,
    reason,
    happened_at
from suppressions_in_force;

-- name: suppressions_insert
-- owner: data
-- grain: one row per suppressed address and reason
-- params: none
-- purpose: Inserts the suppressions in force, from the view suppressions_in_force of the ledger.
insert into core.suppressions by name
select
    address_key,
    reason,
    happened_at
from suppressions_in_force;

-- name: suppressions_fill
-- owner: data
-- grain: one row a suppressed address
-- params: none
-- purpose: Second half: what the ledger says, registered as the view suppressions_in_force.
insert into core.suppressions by name
select
    address_key,
    reason
from suppressions_in_force;

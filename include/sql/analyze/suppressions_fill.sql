-- name: suppressions_fill
-- owner: data
-- grain: one row a suppressed address
-- params: none
-- purpose: Copy the suppressions in force from the Arrow table ledger_suppressions.
insert into core.suppressions by name
select address_key, reason
from ledger_suppressions;

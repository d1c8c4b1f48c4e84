-- name: recorded_suppressions
-- owner: dispatch
-- grain: one row per suppressed address and reason
-- params: none
-- purpose: The suppressions as of the last plan or analysis, with which a restored ledger is completed.
select
    address_key,
    reason,
    happened_at
from core.suppressions
order by address_key, reason;

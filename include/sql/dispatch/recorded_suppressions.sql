-- name: recorded_suppressions
-- owner: dispatch
-- grain: one row per suppressed address and reason
-- params: none
-- purpose: Who was suppressed as of the last plan or analysis: what a ledger that was restored from a backup is told again.
select
    address_key,
    reason,
    happened_at
from core.suppressions
order by address_key, reason;

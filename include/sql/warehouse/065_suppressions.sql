-- name: 065_suppressions
-- owner: data
-- grain: one row per suppressed address and reason
-- params: none
-- purpose: A copy of the suppressions in force in the ledger, replaced whole before each plan and each analysis, and stale
--          in between: what must be current is read from the ledger. Suppressions that came from the source are excluded,
--          since core has them.
create table if not exists core.suppressions (
    address_key varchar not null,
    reason varchar not null
);

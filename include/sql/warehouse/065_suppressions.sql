-- name: 065_suppressions
-- owner: data
-- grain: one row a suppressed address
-- params: none
-- purpose: A copy of the suppressions in force in the ledger, replaced whole before each plan and each analysis. Stale in
--          between: who needs to know asks the ledger.
create table if not exists core.suppressions (
    address_key varchar not null,
    reason varchar not null
);

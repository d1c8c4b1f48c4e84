-- name: 065_suppressions
-- owner: data
-- grain: one row a suppressed address a reason
-- params: none
-- purpose: A copy of the suppressions in force in the ledger, replaced whole before each plan and each analysis. Stale in
--          between: who needs to know asks the ledger. Without what the source said: the warehouse knows that itself.
create table if not exists core.suppressions (
    address_key varchar not null,
    reason varchar not null
);

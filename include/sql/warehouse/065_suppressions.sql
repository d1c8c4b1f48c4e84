-- name: 065_suppressions
-- owner: data
-- grain: one row a suppressed address
-- params: none
-- purpose: A copy of the suppressions in force in the ledger, as of the last analysis. For counting, never for deciding whom
--          to mail: that asks the ledger.
create table if not exists core.suppressions (
    address_key varchar not null,
    reason varchar not null
);

-- name: 065_suppressions
-- owner: data
-- grain: one row a suppressed address
-- params: none
-- purpose: A copy of the ledger's suppressions in force, refreshed before each use. The ledger is the one that counts.
create table if not exists core.suppressions (
    address_key varchar not null,
    reason varchar not null
);

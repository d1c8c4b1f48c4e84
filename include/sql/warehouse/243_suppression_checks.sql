-- name: 243_suppression_checks
-- owner: data
-- grain: one row per comparison and list
-- params: none
-- purpose: The comparisons of SendGrid's suppression lists with the ledger, append-only; list ledger has the unsubscribes in force
--          here.
create table if not exists core.suppression_checks (
    checked_at timestamptz not null,
    list varchar not null,
    entries bigint not null,
    matched bigint not null,
    explained bigint not null,
    repaired bigint not null
);

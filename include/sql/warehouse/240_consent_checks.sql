-- name: 240_consent_checks
-- owner: data
-- grain: one row per check of the consent log
-- params: none
-- purpose: The results of the nightly checks of the consent log's hash chain, append-only. last_seq and head_hash are the last
--          row that was intact, with which later checks compare the log. fault is the first row that was not, in words.
create table if not exists core.consent_checks (
    checked_at timestamptz not null,
    row_count bigint not null,
    last_seq bigint not null,
    head_hash varchar not null,
    fault varchar
);

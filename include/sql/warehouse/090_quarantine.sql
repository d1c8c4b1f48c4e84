-- name: 090_quarantine
-- owner: data
-- grain: one row per quarantined row and run
-- params: none
-- purpose: Rows that failed a row rule, whole and with every reason, so that they can be released.
create table if not exists quality.quarantine (
    landed_run varchar not null,
    relation varchar not null,
    row_number bigint not null,
    source_key varchar,
    reasons varchar[] not null,
    raw_row json not null,
    quarantined_at timestamptz not null
);

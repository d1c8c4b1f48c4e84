-- name: 090_quarantine
-- owner: data
-- grain: one row a refused row a run
-- params: none
-- purpose: Rows that a row rule refused, whole, with every reason, so that nothing is lost and they can be released.
create table if not exists quality.quarantine (
    landed_run varchar,
    relation varchar,
    row_number bigint,
    source_key varchar,
    reasons varchar[] not null,
    raw_row json not null,
    quarantined_at timestamptz not null,
    primary key (landed_run, relation, row_number)
);

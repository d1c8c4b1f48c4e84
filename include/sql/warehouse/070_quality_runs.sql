-- name: 070_quality_runs
-- owner: data
-- grain: one row per validated batch
-- params: none
-- purpose: Sums and status of each validation: raw_rows = valid_rows + quarantined_rows.
create table if not exists quality.runs (
    landed_run varchar not null,
    relation varchar not null,
    validated_at timestamptz not null,
    raw_rows bigint not null,
    valid_rows bigint not null,
    quarantined_rows bigint not null,
    verdict varchar not null,
    stop_reason varchar
);

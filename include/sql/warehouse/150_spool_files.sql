-- name: 150_spool_files
-- owner: data
-- grain: one row per webhook batch
-- params: none
-- purpose: The spool files that were loaded, so that each is loaded once. suppressed_at is set when its events were searched
--          for suppressions.
create table if not exists engagement.spool_files (
    name varchar not null,
    received_at timestamptz not null,
    loaded_at timestamptz not null,
    events bigint not null,
    new_events bigint not null,
    duplicates bigint not null,
    quarantined bigint not null,
    suppressed_at timestamptz
);

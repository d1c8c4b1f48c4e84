-- name: 170_quarantined_events
-- owner: data
-- grain: one row per quarantined event
-- params: none
-- purpose: Events that matched no message, or could not be parsed, with the reason; the address is replaced by its key.
create table if not exists engagement.quarantined_events (
    event_key varchar not null,
    reason varchar not null,
    received_at timestamptz not null,
    spool_file varchar not null,
    raw_event json not null
);

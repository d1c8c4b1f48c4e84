-- name: quarantine_release
-- owner: data
-- grain: one row a refused event
-- params: none
-- purpose: Takes out of quarantine what has found its message, as a new event or as a copy of one that had.
delete from engagement.quarantined_events
where event_key in (select quarantine_key from decided where reconsidered and fate in ('new', 'duplicate'));

-- name: quarantined_events_delete
-- owner: data
-- grain: one row per quarantined event
-- params: none
-- purpose: Deletes the events that are now matched, as new events or as duplicates, from the quarantine.
delete from engagement.quarantined_events
where dedup_key in (
    select quarantine_key
    from deduplicated
    where reconsidered and status in ('new', 'duplicate')
);

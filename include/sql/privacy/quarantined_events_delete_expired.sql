-- name: quarantined_events_delete_expired
-- owner: data
-- grain: one row per quarantined event
-- params: before
-- purpose: Delete the events that were received before a time and never matched a message. The counts of a spool file are in
--          engagement.spool_files.
delete from engagement.quarantined_events
where received_at < $before::timestamptz;

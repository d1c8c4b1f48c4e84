-- name: 231_quarantined_events_dedup_key
-- owner: data
-- grain: none
-- params: none
-- purpose: Renames event_key of `engagement.quarantined_events` to dedup_key, as in `engagement.events`.
alter table engagement.quarantined_events rename column event_key to dedup_key;

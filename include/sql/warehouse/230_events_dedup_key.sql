-- name: 230_events_dedup_key
-- owner: data
-- grain: none
-- params: none
-- purpose: Renames event_key of `engagement.events` to dedup_key: the hash of an event's content, by which it is deduplicated.
alter table engagement.events rename column event_key to dedup_key;

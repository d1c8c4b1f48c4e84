-- name: known_create
-- owner: data
-- grain: one row per known event
-- params: none
-- purpose: An empty table for the known events that can be duplicates of arrivals (known_insert.sql).
create or replace temp table known (
    dedup_key varchar not null,
    sg_event_id varchar
);

-- name: 340_events_is_certain
-- owner: data
-- grain: none
-- params: none
-- purpose: Whether the verdict of an event can be relied on, for the bounds of rates (classify.sql); null until its message is
--          classified by rule version 3 or later.
alter table engagement.events add column if not exists is_certain boolean;

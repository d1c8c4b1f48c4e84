-- name: selected_members_create
-- owner: data
-- grain: one row per segment and subscriber
-- params: none
-- purpose: Temporary table for what the definitions of this run select, before it is frozen.
create or replace temp table selected_members (segment varchar not null, subscriber_id varchar);

-- name: found_create
-- owner: data
-- grain: one row a segment a subscriber
-- params: none
-- purpose: What the definitions of this run select, before it is frozen.
create or replace temp table found (segment varchar not null, subscriber_id varchar);

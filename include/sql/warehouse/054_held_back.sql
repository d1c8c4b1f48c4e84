-- name: 054_held_back
-- owner: data
-- grain: one row a subscriber a refused row
-- params: none
-- purpose: Whom a quarantined row holds back until a good row of theirs comes. because_of is the id of that row: their own, or
--          another with their address, or null.
create table if not exists core.held_back (
    subscriber_id varchar not null,
    because_of varchar,
    held_at timestamptz not null,
    landed_run varchar not null
);

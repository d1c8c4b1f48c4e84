-- name: 054_held_back
-- owner: data
-- grain: one row per subscriber and quarantined row
-- params: none
-- purpose: Subscribers who are not mailed because a row was quarantined, until a good row of theirs is merged. because_of is
--          the id of the quarantined row: the subscriber's own, or another one with the same address, or null.
create table if not exists core.held_back (
    subscriber_id varchar not null,
    because_of varchar,
    held_at timestamptz not null,
    landed_run varchar not null
);

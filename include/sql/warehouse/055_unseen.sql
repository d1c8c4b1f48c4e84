-- name: 055_unseen
-- owner: data
-- grain: one row per key that a full pass did not show and whose deletion is held
-- params: none
-- purpose: Rows that are missing at the source since the pass of landed_run and not deleted yet. These subscribers are not
--          mailed: the next full pass without the row deletes it, and a new row of the subscriber releases it.
create table if not exists core.unseen (
    relation varchar not null,
    source_key varchar not null,
    landed_run varchar not null,
    unseen_since timestamptz not null
);

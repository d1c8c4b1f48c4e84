-- name: 055_unseen
-- owner: data
-- grain: one row a key that a full pass did not show and whose deletion is held
-- params: none
-- purpose: Who is missing at the source and not deleted yet, since the pass of landed_run. Such people are not mailed: a full
--          pass that agrees deletes them, any row of theirs releases them.
create table if not exists core.unseen (
    relation varchar not null,
    source_key varchar not null,
    landed_run varchar not null,
    unseen_since timestamptz not null
);

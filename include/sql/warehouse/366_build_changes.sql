-- name: 366_build_changes
-- owner: data
-- grain: one row per change
-- params: none
-- purpose: Messages and plans that changed since the marts were built. Whoever changes events, sends or plans inserts them in
--          the same transaction; the build of the marts deletes them in the transaction in which it has applied them. since:
--          the earliest time of the message's new events; null if no event is new.
create table if not exists build.changes (
    message_key varchar,
    plan_id varchar,
    since timestamptz
);

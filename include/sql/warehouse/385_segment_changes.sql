-- name: 385_segment_changes
-- owner: data
-- grain: one row per person and source
-- params: none
-- purpose: Whose purchases, activities or verdicts on events changed since the features were computed. Whoever changes them inserts it in
--          the same transaction; the features delete it in the transaction that has applied it. Null: everybody's.
create table if not exists segment.changes (
    subscriber_id varchar,
    source varchar not null
);

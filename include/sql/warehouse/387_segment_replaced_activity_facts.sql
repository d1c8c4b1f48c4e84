-- name: 387_segment_replaced_activity_facts
-- owner: data
-- grain: one row per subscriber and name of an activity
-- params: none
-- purpose: The rows of segment.activity_facts of the run before that were replaced since.
create table if not exists segment.replaced_activity_facts (
    subscriber_id varchar not null,
    name varchar not null,
    last_at timestamptz not null,
    in_7_days integer not null,
    in_30_days integer not null
);

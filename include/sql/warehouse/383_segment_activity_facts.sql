-- name: 383_segment_activity_facts
-- owner: data
-- grain: one row per subscriber and name of an activity in the last 30 days
-- params: none
-- purpose: What segment.activity_counts holds, without the time of the run.
create table if not exists segment.activity_facts (
    subscriber_id varchar not null,
    name varchar not null,
    last_at timestamptz not null,
    in_7_days integer not null,
    in_30_days integer not null
);

-- name: 119_activity_counts
-- owner: data
-- grain: one row per subscriber and name of an activity in the last 30 days
-- params: none
-- purpose: How often each subscriber did what, for segments: `name = 'basket_add' and in_7_days > 0`. As of the last run.
create table if not exists segment.activity_counts (
    subscriber_id varchar not null,
    as_of timestamptz not null,
    name varchar not null,
    last_at timestamptz not null,
    in_7_days integer not null,
    in_30_days integer not null
);

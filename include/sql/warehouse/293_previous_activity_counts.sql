-- name: 293_previous_activity_counts
-- owner: data
-- grain: one row per subscriber and name of an activity
-- params: none
-- purpose: The activity counts of the run before, like segment.previous_features.
create table if not exists segment.previous_activity_counts (
    subscriber_id varchar,
    as_of timestamptz,
    name varchar,
    last_at timestamptz,
    in_7_days integer,
    in_30_days integer
);

-- name: 063_activities
-- owner: data
-- grain: one row per activity
-- params: none
-- purpose: What people did outside of the mail: page views, baskets, sign-ins. landed_run is the pass that read the row at
--          the source; received_at is when the activities port received it. A row has one of the two: once the source
--          has an activity that was posted before, the row is the source's.
create table if not exists core.activities (
    activity_id varchar not null,
    subscriber_id varchar not null,
    name varchar not null,
    happened_at timestamptz not null,
    properties json,
    landed_run varchar,
    received_at timestamptz
);

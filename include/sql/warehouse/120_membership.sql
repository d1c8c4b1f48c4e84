-- name: 120_membership
-- owner: data
-- grain: one row per segment, subscriber and run
-- params: none
-- purpose: The members of each segment, frozen by run. A plan names the run that it read.
create table if not exists segment.membership (
    segment_run varchar not null,
    segment varchar not null,
    subscriber_id varchar not null
);

-- name: 120_membership
-- owner: data
-- grain: one row a segment a subscriber a run
-- params: none
-- purpose: Who was in which segment, frozen by run. A plan names the run it read.
create table if not exists segment.membership (
    segment_run varchar not null,
    segment varchar not null,
    subscriber_id varchar not null
);

-- name: 388_segment_replaced_people
-- owner: data
-- grain: one row per subscriber
-- params: none
-- purpose: Who was computed since the run before: their facts of that run are in segment.replaced_facts; nobody's, if they had none.
create table if not exists segment.replaced_people (
    subscriber_id varchar not null
);

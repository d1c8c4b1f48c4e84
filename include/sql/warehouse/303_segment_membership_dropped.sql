-- name: 303_segment_membership_dropped
-- owner: data
-- grain: none
-- params: none
-- purpose: A copy of all members per run: segment.members and segment.moves give those of each run.
drop table if exists segment.membership;

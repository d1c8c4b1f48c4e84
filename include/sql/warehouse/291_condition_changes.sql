-- name: 291_condition_changes
-- owner: data
-- grain: one row per subscriber who entered or left a segment in a run, and condition
-- params: none
-- purpose: The conditions that changed for people who entered or left a segment: not met before and met now, or the other way.
--          compared_at: the time of the features with which the present ones are compared.
create table if not exists segment.condition_changes (
    segment_run varchar not null,
    segment varchar not null,
    subscriber_id varchar not null,
    moved varchar not null,
    condition varchar not null,
    met_before boolean,
    met_after boolean,
    compared_at timestamptz
);

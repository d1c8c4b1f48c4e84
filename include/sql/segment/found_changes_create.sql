-- name: found_changes_create
-- owner: data
-- grain: one row per person and condition
-- params: none
-- purpose: Temporary table of the conditions that changed for people who enter or leave a segment with this run.
create or replace temp table found_changes (
    segment varchar, subscriber_id varchar, moved varchar, condition varchar, compared_at timestamptz
);

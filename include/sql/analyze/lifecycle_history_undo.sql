-- name: lifecycle_history_undo
-- owner: data
-- grain: none
-- params: none
-- purpose: Open the states again that an earlier analysis of the day of the features closed, before lifecycle_history_delete.
update marts.lifecycle_history
set valid_until = null
where valid_until = (select utc_day(max(as_of)) from segment.features);

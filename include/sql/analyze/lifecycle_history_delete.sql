-- name: lifecycle_history_delete
-- owner: data
-- grain: none
-- params: none
-- purpose: Delete the states that an earlier analysis of the day of the features began.
delete from marts.lifecycle_history
where valid_from = (select utc_day(max(as_of)) from segment.features);

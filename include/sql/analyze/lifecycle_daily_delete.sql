-- name: lifecycle_daily_delete
-- owner: data
-- grain: none
-- params: none
-- purpose: Delete the day of the features, before it is inserted again.
delete from marts.lifecycle_daily
where day = (select utc_day(max(as_of)) from segment.features);

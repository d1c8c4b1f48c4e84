-- name: esp_totals_delete
-- owner: data
-- grain: none
-- params: none
-- purpose: Deletes the totals of the days and categories in `fetched_totals`, before esp_totals_insert.
delete from engagement.esp_totals
where (day, category) in (select (fetched_totals.day, fetched_totals.category) from fetched_totals);

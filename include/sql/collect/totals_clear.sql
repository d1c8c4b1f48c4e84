-- name: totals_clear
-- owner: data
-- grain: none
-- params: none
-- purpose: Makes room for the days and categories that were fetched (`fetched_totals`).
delete from engagement.esp_totals
where (day, category) in (select (fetched_totals.day, fetched_totals.category) from fetched_totals);

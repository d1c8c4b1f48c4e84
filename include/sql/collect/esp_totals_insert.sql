-- name: esp_totals_insert
-- owner: data
-- grain: one row per day per category per metric
-- params: fetched_at
-- purpose: Inserts the totals as SendGrid reports them.
insert into engagement.esp_totals by name
select
    day,
    category,
    metric,
    value,
    $fetched_at as fetched_at
from fetched_totals;

-- name: totals_fill
-- owner: data
-- grain: one row a day a category a metric
-- params: fetched_at
-- purpose: The totals as SendGrid said them.
insert into engagement.esp_totals by name
select
    day,
    category,
    metric,
    value,
    $fetched_at as fetched_at
from fetched_totals;

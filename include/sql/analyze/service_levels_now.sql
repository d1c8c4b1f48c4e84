-- name: service_levels_now
-- owner: analytics
-- grain: one row per service level objective
-- params: none
-- purpose: The newest day of each objective, for metrics and alerts.
select *
from marts.service_levels
qualify row_number() over (partition by objective order by day desc) = 1
order by objective;

-- name: simulated_past
-- owner: analytics
-- grain: one row per simulated past; none outside of the demo
-- params: none
-- purpose: The days of the demo that were simulated, for the note at the top.
select
    strftime(first_day, '%Y-%m-%d') as first_day,
    strftime(last_day, '%Y-%m-%d') as last_day
from marts.simulated_past
order by simulated_past.first_day;

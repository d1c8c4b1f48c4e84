-- name: simulated_past
-- owner: analytics
-- grain: one row per simulated past; none outside of the demo
-- params: none
-- purpose: The days that the demo played before its first run, so that every page can say which figures are simulated. Everything
--          up to last_day is; a page that shows such days says so.
create or replace table marts.simulated_past as
select
    utc_day(began_at) as first_day,
    utc_day(ended_at) as last_day
from core.simulated_past
order by began_at;

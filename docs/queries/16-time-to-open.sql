-- question: How long does it take until half of the openers have opened?
-- reading:  Hours after delivery.
select campaign, occurrence, action, people, median_hours, p90_hours, within_24_hours
from marts.time_to_engage
order by campaign, occurrence, action;

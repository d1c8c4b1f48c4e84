-- name: birthday_window
-- owner: marketing
-- grain: one row per subscriber
-- params: days = 7
-- purpose: People whose birthday is today or in the next 7 days; from the attribute birthday of the source.
select subscriber_id
from segment.features
where days_until_birthday <= $days;

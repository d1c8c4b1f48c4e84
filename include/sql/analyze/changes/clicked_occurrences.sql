-- name: clicked_occurrences
-- owner: data
-- grain: one row per campaign and occurrence
-- params: none
-- purpose: The mails with a click that differs.
select distinct
    campaign,
    occurrence
from differing_events
where event = 'clicked';

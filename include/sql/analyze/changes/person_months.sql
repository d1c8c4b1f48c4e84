-- name: person_months
-- owner: data
-- grain: one row per person and month of sending
-- params: none
-- purpose: The people and months (UTC) of the changed messages.
select
    subscriber_id,
    date_trunc('month', utc_day(sent_at))::date as month
from messages_before
where state = 'accepted'
union
select
    subscriber_id,
    date_trunc('month', utc_day(sent_at))::date as month
from messages_after
where state = 'accepted';

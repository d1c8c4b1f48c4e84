-- name: zones
-- owner: dispatch
-- grain: one row per person and trigger
-- params: none
-- purpose: The time zone of the people of the view people_due; null where it is unknown.
select
    people_due.entry_id,
    subscriber.timezone
from people_due
left join core.subscribers as subscriber on people_due.subscriber_id = subscriber.subscriber_id;

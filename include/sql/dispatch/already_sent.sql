-- name: already_sent
-- owner: dispatch
-- grain: one row
-- params: campaign
-- purpose: How many selected people got the message of a triggered campaign in an earlier run, and when the last of them was
--          sent: the people of temp table selected whom audience.sql left out.
with left_out as (
    select selected.subscriber_id
    from selected
    semi join core.subscribers as subscriber on selected.subscriber_id = subscriber.subscriber_id
    anti join audience on selected.subscriber_id = audience.subscriber_id
)

select
    count(distinct left_out.subscriber_id) as people,
    max(coalesce(sent.sent_at, sent.planned_at)) as last_sent_at
from left_out
left join dispatch.sends as sent on left_out.subscriber_id = sent.subscriber_id and sent.campaign = $campaign;

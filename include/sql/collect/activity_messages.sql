-- name: activity_messages
-- owner: delivery
-- grain: one row per message in doubt that appears in SendGrid's activity
-- params: none
-- purpose: Joins the view `activity` (address keys that SendGrid reports for chunks in doubt) to the messages of those
--          chunks.
select
    activity.plan_id,
    activity.chunk,
    activity.attempt,
    sends.message_key
from activity
inner join dispatch.sends
    on
        activity.plan_id = sends.plan_id
        and activity.chunk = sends.chunk
        and activity.address_key = sends.address_key
where sends.state = 'in_doubt';

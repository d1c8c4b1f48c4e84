-- name: selected_followers
-- owner: dispatch
-- grain: one row per selected subscriber (temp table selected)
-- params: followed, sent_by
-- purpose: Restricts temp table selected, for a reminder, to people whose newest message of the followed campaign was accepted
--          after their sign-up and at or before sent_by. People without such a message get no reminder.
create or replace temp table selected as
select selected.subscriber_id
from selected
inner join core.subscribers as subscriber on selected.subscriber_id = subscriber.subscriber_id
inner join (
    select
        subscriber_id,
        max(sent_at) as sent_at
    from dispatch.sends
    where campaign = $followed and state = 'accepted'
    group by subscriber_id
) as sent
    on selected.subscriber_id = sent.subscriber_id
where sent.sent_at <= $sent_by and (subscriber.signed_up_at is null or sent.sent_at >= subscriber.signed_up_at);

-- name: mails
-- owner: data
-- grain: one row per message
-- params: none
-- purpose: The messages whose number of mails in the 30 days before may differ: of the people of temp.resent, from the first changed
--          time on until 30 days after the last; and those that are not accepted any more.
select sends.message_key
from dispatch.sends
inner join resent on sends.subscriber_id = resent.subscriber_id
where
    coalesce(sends.sent_at, sends.planned_at) >= resent.first_at
    and epoch_ms(coalesce(sends.sent_at, sends.planned_at)) <= epoch_ms(resent.last_at) + 2592000000
union
select sends.message_key
from marts.sends
semi join (
    from changed_messages
    where message_key <> ''
) as changed on sends.message_key = changed.message_key
inner join resent on sends.subscriber_id = resent.subscriber_id
where
    coalesce(sends.sent_at, sends.planned_at) >= resent.first_at
    and epoch_ms(coalesce(sends.sent_at, sends.planned_at)) <= epoch_ms(resent.last_at) + 2592000000;

-- name: messages_to_classify_by_load
-- owner: data
-- grain: one row per message
-- params: none
-- purpose: The messages whose classification a load can change: those with a new event to classify, or with a delivery
--          event.
create or replace temp table messages_to_classify as
select distinct matched_message_key as message_key
from deduplicated
where
    status = 'new'
    and event in ('opened', 'clicked', 'unsubscribed', 'group_unsubscribed', 'delivered');

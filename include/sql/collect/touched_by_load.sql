-- name: touched_by_load
-- owner: data
-- grain: one row a message
-- params: none
-- purpose: The messages whose verdicts a load may change: something to judge is new, or a delivery came late.
create or replace temp table touched as
select distinct sent_key as message_key
from decided
where
    fate = 'new'
    and event in ('opened', 'clicked', 'unsubscribed', 'group_unsubscribed', 'delivered');

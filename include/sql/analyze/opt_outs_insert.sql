-- name: opt_outs_insert
-- owner: data
-- grain: one row per unsubscribed message
-- params: none
-- purpose: Copy the unsubscribes that name a message from the Arrow table ledger_opt_outs (happened_at in Unix seconds).
insert into engagement.opt_outs by name
select
    message_key,
    min(to_timestamp(happened_at)) as happened_at
from ledger_opt_outs
group by message_key;

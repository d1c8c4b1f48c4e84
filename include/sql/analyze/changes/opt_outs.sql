-- name: opt_outs
-- owner: data
-- grain: one row per changed message
-- params: none
-- purpose: The messages whose unsubscribe in the ledger (Arrow table ledger_opt_outs) differs from the copy of the last build.
insert into build.changes (message_key)
with ledger as (
    select
        message_key,
        min(to_timestamp(happened_at)) as happened_at
    from ledger_opt_outs
    group by message_key
)

select distinct coalesce(ledger.message_key, copied.message_key) as message_key
from ledger
full outer join engagement.opt_outs as copied on ledger.message_key = copied.message_key
where ledger.happened_at is distinct from copied.happened_at;

-- name: purchases_batch_metrics
-- owner: data
-- grain: one row
-- params: files, run, now
-- purpose: What the table rules judge: how much landed, how much of it was refused, how it compares with the purchases that the
--          warehouse has, and how old the newest one is.
with seen as (
    select
        count(*) as raw_rows,
        count(*) filter (where purchase_id is null) as rows_without_key,
        max(source_time(purchased_at)) filter (
            where source_time(purchased_at) <= $now::timestamptz
        ) as newest
    from read_parquet($files)
),

refused as (
    select count(*) as quarantined_rows
    from quality.quarantine
    where landed_run = $run and relation = 'purchases'
),

valid as (
    select count(*) as valid_rows
    from read_parquet($files)
    anti join (
        select row_number
        from quality.quarantine
        where landed_run = $run and relation = 'purchases'
    ) as refused using (row_number)
),

known as (
    select count(*) as known_rows
    from core.purchases
),

unseen as (
    select
        count(*) as unseen_rows,
        count(held.source_key) as confirmed_rows
    from core.purchases as known
    anti join read_parquet($files) as landed on known.purchase_id = landed.purchase_id
    left join core.unseen as held
        on known.purchase_id = held.source_key and held.relation = 'purchases' and held.landed_run <> $run
)

select
    raw_rows,
    valid_rows,
    quarantined_rows,
    known_rows,
    unseen_rows,
    confirmed_rows,
    rows_without_key,
    date_diff('day', newest, $now) as days_since_newest
from seen, refused, valid, known, unseen;

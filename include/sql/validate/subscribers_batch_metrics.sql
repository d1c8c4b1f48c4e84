-- name: subscribers_batch_metrics
-- owner: data
-- grain: one row
-- params: files, run, now
-- purpose: What the table rules judge: how much landed, how much of it was refused, how it compares with the list that the
--          warehouse has, and how old the newest change is.
with seen as (
    select
        count(*) as raw_rows,
        count(*) filter (where subscriber_id is null) as rows_without_key,
        max(source_time(updated_at)) filter (
            where source_time(updated_at) <= $now::timestamptz
        ) as newest
    from read_parquet($files)
),

refused as (
    select count(*) as quarantined_rows
    from quality.quarantine
    where landed_run = $run and relation = 'subscribers'
),

valid as (
    select count(*) as valid_rows
    from read_parquet($files)
    anti join (
        select row_number
        from quality.quarantine
        where landed_run = $run and relation = 'subscribers'
    ) as refused using (row_number)
),

known as (
    select count(*) as known_rows
    from core.subscribers
    where deleted_at is null
),

unseen as (
    select
        count(*) as unseen_rows,
        count(held.source_key) as confirmed_rows
    from core.subscribers as known
    anti join read_parquet($files) as landed on known.subscriber_id = landed.subscriber_id
    left join core.unseen as held
        on known.subscriber_id = held.source_key and held.relation = 'subscribers' and held.landed_run <> $run
    where known.deleted_at is null
),

wanted as (
    select count(*) as subscribed_rows
    from core.subscribers
    where deleted_at is null and status = 'subscribed'
),

withdrawn as (
    select count(distinct known.subscriber_id) as withdrawn_rows
    from core.subscribers as known
    inner join read_parquet($files) as landed using (subscriber_id)
    where
        known.deleted_at is null
        and known.status = 'subscribed'
        and landed.unreadable is null
        and lower(trim(landed.status)) is distinct from 'subscribed'
)

select
    raw_rows,
    valid_rows,
    quarantined_rows,
    known_rows,
    unseen_rows,
    confirmed_rows,
    rows_without_key,
    subscribed_rows,
    withdrawn_rows,
    date_diff('day', newest, $now) as days_since_newest
from seen, refused, valid, known, unseen, wanted, withdrawn;

-- name: subscribers_batch_metrics
-- owner: data
-- grain: one row
-- params: files, run, now
-- purpose: The metrics that the table rules check: rows landed, valid and quarantined, the comparison with the subscribers
--          in the warehouse, and the age of the newest change.
with landed_counts as (
    select
        count(*) as raw_rows,
        count(*) filter (where subscriber_id is null) as rows_without_key,
        max(source_time(updated_at)) filter (
            where source_time(updated_at) <= $now::timestamptz
        ) as newest_at
    from read_parquet($files)
),

quarantined as (
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
    ) as quarantined using (row_number)
),

known as (
    select count(*) as known_rows
    from core.subscribers
    where deleted_at is null
),

unseen as (
    select
        count(*) as unseen_rows,
        count(earlier.source_key) as confirmed_rows
    from core.subscribers as known
    anti join read_parquet($files) as landed on known.subscriber_id = landed.subscriber_id
    left join core.unseen as earlier
        on known.subscriber_id = earlier.source_key and earlier.relation = 'subscribers' and earlier.landed_run <> $run
    where known.deleted_at is null
),

subscribed as (
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
    date_diff('day', newest_at, $now) as days_since_newest
from landed_counts, quarantined, valid, known, unseen, subscribed, withdrawn;

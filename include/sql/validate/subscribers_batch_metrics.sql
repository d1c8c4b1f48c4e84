-- name: subscribers_batch_metrics
-- owner: data
-- grain: one row
-- params: files, run, is_full, now
-- purpose: The metrics that the table rules check: the comparison with the subscribers in the warehouse, and the age of the
--          newest change. An incremental pass lacks nearly everybody: unseen subscribers are counted in a full one only.
with landed_counts as (
    select
        count(*) filter (where subscriber_id is null) as rows_without_key,
        max(source_time(updated_at)) filter (
            where source_time(updated_at) <= $now::timestamptz
        ) as newest_at
    from read_parquet($files)
),

known as (
    select
        count(*) as known_rows,
        count(*) filter (where status = 'subscribed') as subscribed_rows
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
    where $is_full and known.deleted_at is null
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
    known_rows,
    unseen_rows,
    confirmed_rows,
    rows_without_key,
    subscribed_rows,
    withdrawn_rows,
    date_diff('day', newest_at, $now) as days_since_newest
from landed_counts, known, unseen, withdrawn;

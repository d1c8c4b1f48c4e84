-- name: purchases_batch_metrics
-- owner: data
-- grain: one row
-- params: files, run, is_full, now
-- purpose: The metrics that the table rules check: the comparison with the purchases in the warehouse, and the age of the
--          newest one. An incremental pass lacks nearly all: unseen purchases are counted in a full one only.
with landed as (
    select
        purchase_id,
        source_time(purchased_at) as purchased_at
    from read_parquet($files)
),

landed_counts as (
    select
        count(*) filter (where purchase_id is null) as rows_without_key,
        max(purchased_at) filter (where purchased_at <= $now::timestamptz) as newest_at
    from landed
),

known as (
    select count(*) as known_rows
    from core.purchases
),

unseen as (
    select
        count(*) as unseen_rows,
        count(earlier.source_key) as confirmed_rows
    from core.purchases as known
    anti join read_parquet($files) as landed on known.purchase_id = landed.purchase_id
    left join core.unseen as earlier
        on known.purchase_id = earlier.source_key and earlier.relation = 'purchases' and earlier.landed_run <> $run
    where $is_full
)

select
    known_rows,
    unseen_rows,
    confirmed_rows,
    rows_without_key,
    date_diff('day', newest_at, $now) as days_since_newest
from landed_counts, known, unseen;

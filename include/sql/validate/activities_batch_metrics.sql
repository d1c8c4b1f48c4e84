-- name: activities_batch_metrics
-- owner: data
-- grain: one row
-- params: files, run, is_full, now
-- purpose: The metrics that the table rules check: the comparison with the source's activities in the warehouse, and the age
--          of the newest one. Posted activities, which the source does not have, are not compared. An incremental pass lacks
--          nearly all: unseen activities are counted in a full one only.
with landed_counts as (
    select
        count(*) filter (where activity_id is null) as rows_without_key,
        max(source_time(happened_at)) filter (
            where source_time(happened_at) <= $now::timestamptz
        ) as newest_at
    from read_parquet($files)
),

known as (
    select count(*) as known_rows
    from core.activities
    where received_at is null
),

unseen as (
    select
        count(*) as unseen_rows,
        count(earlier.source_key) as confirmed_rows
    from core.activities as known
    anti join read_parquet($files) as landed on known.activity_id = landed.activity_id
    left join core.unseen as earlier
        on known.activity_id = earlier.source_key and earlier.relation = 'activities' and earlier.landed_run <> $run
    where $is_full and known.received_at is null
)

select
    known_rows,
    unseen_rows,
    confirmed_rows,
    rows_without_key,
    date_diff('day', newest_at, $now) as days_since_newest
from landed_counts, known, unseen;

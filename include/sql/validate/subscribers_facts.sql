-- name: subscribers_facts
-- owner: data
-- grain: one row
-- params: files, run, now
-- purpose: What the table rules judge: how much landed, how much of it was refused, how it compares with the list that the
--          warehouse has, and how old the newest change is.
with seen as (
    select
        count(*) as raw_rows,
        max(source_time(updated_at)) filter (
            where source_time(updated_at) <= $now::timestamptz + interval 1 day
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
    select count(*) as unseen_rows
    from core.subscribers
    anti join read_parquet($files) using (subscriber_id)
    where deleted_at is null
)

select
    raw_rows,
    valid_rows,
    quarantined_rows,
    known_rows,
    unseen_rows,
    date_diff('day', newest, $now) as days_since_newest
from seen, refused, valid, known, unseen

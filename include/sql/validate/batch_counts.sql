-- name: batch_counts
-- owner: data
-- grain: one row
-- params: files, run, relation
-- purpose: Count the landed rows, those that are not in quarantine and those that are, each by itself: the sum must hold.
with quarantined as (
    select row_number
    from quality.quarantine
    where landed_run = $run and relation = $relation
)

select
    (select count(*) from read_parquet($files)) as raw_rows,
    (select count(*) from read_parquet($files) anti join quarantined using (row_number)) as valid_rows,
    (select count(*) from quarantined) as quarantined_rows;

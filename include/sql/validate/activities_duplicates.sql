-- name: activities_duplicates
-- owner: data
-- grain: one row per superseded landed row
-- params: files
-- purpose: Activities that landed more than once: the last row is valid. Reads the temporary table faults.
select
    row_number,
    'duplicate_id' as reason
from read_parquet($files)
anti join faults using (row_number)
qualify row_number() over (partition by activity_id order by row_number desc) > 1;

-- name: purchases_duplicates
-- owner: data
-- grain: one row a landed row that gives way to another
-- params: files
-- purpose: A purchase that landed twice: the last row stays. Reads the temporary table faults.
select
    row_number,
    'duplicate_id' as reason
from read_parquet($files)
anti join faults using (row_number)
qualify row_number() over (partition by purchase_id order by row_number desc) > 1;

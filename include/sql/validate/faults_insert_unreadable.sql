-- name: faults_insert_unreadable
-- owner: data
-- grain: one row per unreadable line
-- params: files
-- purpose: Insert the unreadable lines of a file into the temporary table faults. No other rule applies to them.
insert into faults
select
    row_number,
    'unreadable_line' as reason
from read_parquet($files)
where unreadable is not null;

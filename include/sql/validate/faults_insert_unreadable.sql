-- name: faults_insert_unreadable
-- owner: data
-- grain: one row a landed line that is no row
-- params: files
-- purpose: Lines of a file that could not be read, into the temporary table faults. No other rule applies to them.
insert into faults
select
    row_number,
    'unreadable_line' as reason
from read_parquet($files)
where unreadable is not null;

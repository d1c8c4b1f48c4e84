-- name: activities_distributions
-- owner: data
-- grain: one row per column and value (temp table counted_values)
-- params: files
-- purpose: Count the activities by name, whose distribution is compared with earlier runs. Only labels are counted: anything
--          else is 'other'.
create or replace temp table counted_values as
select
    'name' as column_name,
    if(
        regexp_full_match(lower(trim(name)), '[a-z][a-z0-9_.-]{0,39}') is true, lower(trim(name)), 'other'
    ) as value,
    count(*) as value_rows
from read_parquet($files)
where unreadable is null
group by all;

-- name: activities_distributions
-- owner: data
-- grain: one row per column and value
-- params: files, run
-- purpose: Count the activities by name, whose distribution is compared with earlier runs. Only labels are stored, at most
--          50: anything else is 'other'.
insert into quality.distributions by name
with counted as (
    select
        if(
            regexp_full_match(lower(trim(name)), '[a-z][a-z0-9_.-]{0,39}') is true, lower(trim(name)), 'other'
        ) as label,
        count(*) as value_rows
    from read_parquet($files)
    where unreadable is null
    group by label
)

select
    $run as landed_run,
    'activities' as relation,
    'name' as column_name,
    if(place <= 50, label, 'other') as value,
    sum(value_rows)::bigint as value_rows
from (
    select
        *,
        row_number() over (order by value_rows desc, label asc) as place
    from counted
) as ranked
group by if(place <= 50, label, 'other');

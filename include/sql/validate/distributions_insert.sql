-- name: distributions_insert
-- owner: data
-- grain: one row per run, column and value
-- params: run, relation
-- purpose: Insert the counts of the temporary table counted_values, at most 50 values per column: the rarer ones are 'other'.
insert into quality.distributions by name
select
    $run as landed_run,
    $relation as relation,
    column_name,
    if(place <= 50, value, 'other') as value,
    sum(value_rows)::bigint as value_rows
from (
    select
        *,
        row_number() over (partition by column_name order by value_rows desc, value asc) as place
    from counted_values
) as ranked
group by column_name, if(place <= 50, value, 'other');

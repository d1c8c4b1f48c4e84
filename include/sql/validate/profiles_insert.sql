-- name: profiles_insert
-- owner: data
-- grain: one row per column of the contract
-- params: run, relation, files, columns
-- purpose: Count the values of each landed column, from the statistics in the files: no value is read. The count is null for
--          a column that is not among `columns`, the columns of the source; where `columns` is empty, they are not known.
insert into quality.profiles by name
with landed as (
    select distinct name as column_name
    from parquet_schema($files)
    where num_children is null and name not in ('row_number', 'unreadable')
),

counted as (
    select
        path_in_schema as column_name,
        sum(num_values - stats_null_count)::bigint as filled_rows
    from parquet_metadata($files)
    group by path_in_schema
)

select
    $run as landed_run,
    $relation as relation,
    landed.column_name,
    if(
        len($columns::varchar[]) = 0 or list_contains($columns::varchar[], landed.column_name),
        coalesce(counted.filled_rows, 0),
        null
    ) as filled_rows
from landed
left join counted on landed.column_name = counted.column_name;

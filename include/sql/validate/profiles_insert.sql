-- name: profiles_insert
-- owner: data
-- grain: one row per column of the contract
-- params: run, relation, files, columns
-- purpose: Count the values of each landed column. The count is null for a column that is not among `columns`, the columns
--          of the source; where `columns` is empty, they are not known.
insert into quality.profiles by name
with counted as (
    select count(columns(* exclude (row_number, unreadable)))
    from read_parquet($files)
)

select
    $run as landed_run,
    $relation as relation,
    found.column_name,
    if(
        len($columns::varchar[]) = 0 or list_contains($columns::varchar[], found.column_name), found.filled_rows, null
    ) as filled_rows
from (unpivot counted on columns(*) into name column_name value filled_rows) as found;

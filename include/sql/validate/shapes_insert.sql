-- name: shapes_insert
-- owner: data
-- grain: one row per column of the contract and shape
-- params: run, relation, files
-- purpose: Count the shapes of the values in the first 10,000 landed rows, which are enough: a column changes its meaning in
--          all rows.
insert into quality.shapes by name
with landed as (
    select columns(* exclude (row_number, unreadable))
    from read_parquet($files)
    where unreadable is null and row_number < 10000
),

filled as (
    unpivot landed on columns(*) into name column_name value landed_value
)

select
    $run as landed_run,
    $relation as relation,
    column_name,
    case
        when regexp_full_match(trim(landed_value), '[+-]?[0-9]+') then 'whole numbers'
        when regexp_full_match(trim(landed_value), '[+-]?[0-9]*[.,][0-9]+') then 'decimal numbers'
        when regexp_matches(landed_value, '^\s*[0-9]{4}-[0-9]{2}-[0-9]{2}') then 'times'
        when regexp_full_match(lower(trim(landed_value)), '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}') then 'UUIDs'
        when lower(trim(landed_value)) in ('true', 'false', 'yes', 'no') then 'yes or no'
        when starts_with(trim(landed_value), '{') then 'JSON objects'
        when starts_with(trim(landed_value), '[') then 'JSON lists'
        else 'text'
    end as shape,
    count(*) as shape_rows
from filled
group by all;

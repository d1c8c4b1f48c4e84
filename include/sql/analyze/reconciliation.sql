-- name: reconciliation
-- owner: data
-- grain: one row per sum
-- params: none
-- purpose: Every sum that was checked, for analysts. From the Arrow table check_rows: the rows of the files in checks/, each
--          under the name of its file.
create or replace table marts.reconciliation as
select
    check_name,
    scope,
    left_side,
    left_value,
    right_side,
    right_value,
    left_value - right_value as difference,
    left_value = right_value as holds,
    must_hold
from check_rows
order by must_hold desc, check_name asc, scope asc;

-- name: reconciliation
-- owner: data
-- grain: one row a sum
-- params: none
-- purpose: Every sum that was checked, as the analyst may see it. From the Arrow table check_rows: the answers of the files in
--          checks/, each under its file's name.
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
order by must_hold desc, check_name, scope;

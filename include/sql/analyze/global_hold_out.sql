-- name: global_hold_out
-- owner: analytics
-- grain: one row per global hold-out and metric
-- params: none
-- purpose: What all marketing mail of a period is worth: people who may get it against the people whom the shop holds out of all
--          of it. From the Arrow table hold_out_rows, which include/analyze/hold_out.py computes.
create or replace table marts.global_hold_out as
select *
from hold_out_rows
order by metric;

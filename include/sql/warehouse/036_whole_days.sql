-- name: 036_whole_days
-- owner: data
-- grain: a value
-- params: none
-- purpose: Whole days (of 24 hours) from one moment to a later one. On the epoch for the reason that utc_day tells: date_sub()
--          of timestamptz made the features four times as slow.
create or replace macro whole_days(earlier, later) as (
    ((epoch_ms(later) - epoch_ms(earlier)) // 86400000)::integer
);

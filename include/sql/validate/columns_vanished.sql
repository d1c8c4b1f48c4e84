-- name: columns_vanished
-- owner: data
-- grain: one row per vanished column
-- params: run, relation, is_full, raw_rows, min_rows, max_share
-- purpose: Columns that had values and are no longer in the source, or that a full pass leaves empty: they have less than
--          `max_share` of the values that the previous full pass predicts, where it predicts at least `min_rows`. An
--          incremental pass may cover other subscribers than the whole list, so there only missing columns count, and a
--          previous one in which the column happened to be empty is ignored.
with accepted as (
    select
        profile.column_name,
        profile.filled_rows,
        runs.is_full,
        runs.validated_at,
        profile.filled_rows / runs.raw_rows as share
    from quality.runs as runs
    inner join quality.profiles as profile on runs.landed_run = profile.landed_run and runs.relation = profile.relation
    where
        runs.relation = $relation
        and runs.landed_run <> $run
        and runs.verdict = 'accepted'
        and runs.raw_rows > 0
),

last_shown as (
    select *
    from accepted
    where is_full or filled_rows is null or filled_rows > 0
    qualify row_number() over (partition by column_name order by validated_at desc) = 1
),

last_full as (
    select *
    from accepted
    where is_full
    qualify row_number() over (partition by column_name order by validated_at desc) = 1
),

compared as (
    select
        current_profile.column_name,
        current_profile.filled_rows is null and coalesce(last_shown.filled_rows > 0, false) as is_gone,
        $is_full
        and last_full.share * $raw_rows >= $min_rows
        and current_profile.filled_rows < last_full.share * $raw_rows * $max_share as is_emptied,
        last_shown.share as share_shown,
        last_full.share as share_full,
        current_profile.filled_rows / greatest($raw_rows, 1) as share_now
    from quality.profiles as current_profile
    left join last_shown on current_profile.column_name = last_shown.column_name
    left join last_full on current_profile.column_name = last_full.column_name
    where current_profile.landed_run = $run and current_profile.relation = $relation
)

select
    column_name,
    if(is_gone, share_shown, share_full) as share_before,
    share_now
from compared
where is_gone or is_emptied
order by column_name;

-- name: columns_vanished
-- owner: data
-- grain: one row a column that vanished
-- params: run, relation, is_full, raw_rows, min_rows, max_share
-- purpose: Columns that the source showed and filled and does not show any more, or that a full pass leaves empty: below
--          `max_share` of what the full pass before would lead to expect, where that is `min_rows` at least. An incremental
--          pass may hold other people than the whole list: only what is not shown counts there, and one in which a column
--          happened to be empty says nothing of it.
with accepted as (
    select
        was.column_name,
        was.filled_rows,
        runs.is_full,
        runs.validated_at,
        was.filled_rows / runs.raw_rows as share
    from quality.runs as runs
    inner join quality.profiles as was on runs.landed_run = was.landed_run and runs.relation = was.relation
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
        found.column_name,
        found.filled_rows is null and coalesce(last_shown.filled_rows > 0, false) as is_gone,
        $is_full
        and last_full.share * $raw_rows >= $min_rows
        and found.filled_rows < last_full.share * $raw_rows * $max_share as is_emptied,
        last_shown.share as share_shown,
        last_full.share as share_full,
        found.filled_rows / greatest($raw_rows, 1) as share_now
    from quality.profiles as found
    left join last_shown on found.column_name = last_shown.column_name
    left join last_full on found.column_name = last_full.column_name
    where found.landed_run = $run and found.relation = $relation
)

select
    column_name,
    if(is_gone, share_shown, share_full) as share_before,
    share_now
from compared
where is_gone or is_emptied
order by column_name;

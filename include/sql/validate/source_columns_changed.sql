-- name: source_columns_changed
-- owner: data
-- grain: one row per new, missing or retyped column
-- params: run, relation, source
-- purpose: How the columns of the source differ from those of the last accepted batch of the same source. Types are null on
--          the side where the column does not exist. Nothing is known, and nothing returned, where one of the batches does not
--          show the columns, such as an incremental pass over an API.
with previous as (
    select runs.landed_run
    from quality.runs as runs
    where
        runs.relation = $relation
        and runs.landed_run <> $run
        and runs.verdict = 'accepted'
        and runs.source = $source
        and exists (
            select 1
            from quality.source_columns as known
            where known.landed_run = runs.landed_run and known.relation = runs.relation
        )
    order by runs.validated_at desc
    limit 1
),

before as (
    select
        known.column_name,
        known.type_name
    from quality.source_columns as known
    inner join previous on known.landed_run = previous.landed_run
    where known.relation = $relation
),

current_columns as (
    select
        column_name,
        type_name
    from quality.source_columns
    where landed_run = $run and relation = $relation
)

select
    coalesce(current_columns.column_name, before.column_name) as column_name,
    before.type_name as type_before,
    current_columns.type_name as type_now
from before
full join current_columns on lower(before.column_name) = lower(current_columns.column_name)
where
    before.type_name is distinct from current_columns.type_name
    and exists (select 1 from before)
    and exists (select 1 from current_columns)
order by column_name;

-- name: columns_retyped
-- owner: data
-- grain: one row per retyped column
-- params: run, relation, source, min_rows, max_share
-- purpose: Columns whose values look different: a shape that at least half of the values had in the last accepted batch of the
--          same source with `min_rows` values, and that at most `max_share` of the values have now, where there are `min_rows`
--          values again.
with counted as (
    select
        shapes.landed_run,
        shapes.column_name,
        shapes.shape,
        shapes.shape_rows / sum(shapes.shape_rows) over one_column as share,
        sum(shapes.shape_rows) over one_column as column_rows
    from quality.shapes as shapes
    where shapes.relation = $relation
    window one_column as (partition by shapes.landed_run, shapes.column_name)
),

before as (
    select
        counted.column_name,
        counted.shape,
        counted.share
    from counted
    inner join quality.runs as runs on counted.landed_run = runs.landed_run and runs.relation = $relation
    where
        counted.landed_run <> $run
        and runs.verdict = 'accepted'
        and runs.source = $source
        and counted.column_rows >= $min_rows
    qualify rank() over (partition by counted.column_name order by runs.validated_at desc) = 1
),

current_shapes as (
    select
        column_name,
        shape,
        share
    from counted
    where landed_run = $run and column_rows >= $min_rows
),

commonest as (
    select
        column_name,
        arg_max(shape, share) as shape
    from current_shapes
    group by column_name
)

select
    before.column_name,
    before.shape as shape_before,
    before.share as share_before,
    commonest.shape as shape_now,
    coalesce(current_shapes.share, 0) as share_now
from before
inner join commonest on before.column_name = commonest.column_name
left join current_shapes on before.column_name = current_shapes.column_name and before.shape = current_shapes.shape
where before.share >= 0.5 and coalesce(current_shapes.share, 0) <= $max_share
order by before.column_name;

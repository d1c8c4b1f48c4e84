-- name: segments_checks
-- owner: data
-- grain: one row per segment of the newest run
-- params: window_runs, min_rows
-- purpose: Sizes of the segments of the newest run, compared with the runs before it that built the same segment: what the
--          suite for segments checks. `earlier` are the sizes and list sizes of the earlier runs, newest first.
--          Runs of a simulated past are not compared with: the demo's first run begins anew.
--          `stopped`: the size is outside the limits of the segment's file, for `stop_reason`.
with newest as (
    select arg_max(segment_run, (as_of, built_at)) as segment_run
    from segment.runs
),

sized as (
    select
        runs.segment_run,
        runs.list_size,
        sizes.segment,
        sizes.members,
        row_number() over (
            partition by sizes.segment
            order by runs.as_of desc, runs.built_at desc
        ) as place
    from segment.sizes
    inner join segment.runs using (segment_run)
    where runs.as_of > (select coalesce(max(ended_at), '-infinity'::timestamptz) from core.simulated_past)
    qualify place <= $window_runs + 1
),

before as (
    select
        segment,
        arg_min(members, place) as previous_members,
        arg_min(members / nullif(list_size, 0), place) as previous,
        list({ 'members': members, 'list_size': list_size } order by place) filter (where list_size >= $min_rows) as earlier
    from sized
    where place > 1
    group by segment
)

select
    sized.segment as item,
    sized.members,
    sized.list_size,
    before.previous_members,
    before.previous,
    coalesce(before.earlier, []) as earlier,
    (sized.members = 0 and before.previous_members > 0)::integer as emptied,
    (sized.members = 0 and before.previous_members = 0)::integer as always_empty,
    (
        sized.list_size >= $min_rows and sized.members = sized.list_size and before.previous < 0.9
    )::integer as everybody,
    coalesce(stops.kind = 'size', false)::integer as stopped,
    stops.what as stop_reason
from sized
semi join newest on sized.segment_run = newest.segment_run
left join before on sized.segment = before.segment
left join segment.stops as stops on sized.segment_run = stops.segment_run and sized.segment = stops.segment
where sized.place = 1
order by sized.segment;

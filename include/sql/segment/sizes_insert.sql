-- name: sizes_insert
-- owner: data
-- grain: one row per segment and run
-- params: segment_run, as_of, built
-- purpose: The size of each segment that this run built, and how many subscribers entered and left since the previous run that
--          built the segment. Counted when the run is frozen, since old membership is deleted. Without a previous run, every
--          member entered.
insert into segment.sizes by name
with built as (
    select unnest($built::varchar[]) as segment
),

before as (
    select
        sizes.segment,
        arg_max(runs.segment_run, (runs.as_of, runs.built_at)) as segment_run
    from segment.sizes
    inner join segment.runs using (segment_run)
    where runs.segment_run <> $segment_run and runs.as_of <= $as_of
    group by sizes.segment
),

now_in as (
    select
        segment,
        subscriber_id
    from segment.membership
    where segment_run = $segment_run
),

before_in as (
    select
        membership.segment,
        membership.subscriber_id
    from segment.membership
    inner join before using (segment_run, segment)
),

moves as (
    select
        coalesce(now_in.segment, before_in.segment) as segment,
        count(now_in.subscriber_id) as members,
        count(*) filter (where before_in.subscriber_id is null) as entered,
        count(*) filter (where now_in.subscriber_id is null) as left_segment,
        count(*) filter (where now_in.subscriber_id is not null and before_in.subscriber_id is not null) as stayed
    from now_in
    full join before_in
        on now_in.segment = before_in.segment and now_in.subscriber_id = before_in.subscriber_id
    group by coalesce(now_in.segment, before_in.segment)
)

select
    $segment_run as segment_run,
    built.segment,
    coalesce(moves.members, 0) as members,
    coalesce(moves.entered, 0) as entered,
    coalesce(moves.left_segment, 0) as left_segment,
    coalesce(moves.stayed, 0) as stayed
from built
left join moves using (segment);

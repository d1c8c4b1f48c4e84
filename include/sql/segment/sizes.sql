-- name: sizes
-- owner: data
-- grain: one row a segment a run
-- params: segment_run, as_of, built
-- purpose: How large each segment built by this run is, and who came and went since the run before it that built the segment.
--          Counted now, since membership is pruned. Without a run before, everybody entered.
insert or replace into segment.sizes by name
with built as (
    select unnest($built::varchar[]) as segment
),

before as (
    select sizes.segment, arg_max(runs.segment_run, (runs.as_of, runs.built_at)) as segment_run
    from segment.sizes
    inner join segment.runs using (segment_run)
    where runs.segment_run <> $segment_run and runs.as_of <= $as_of
    group by sizes.segment
),

now_in as (
    select segment, subscriber_id
    from segment.membership
    where segment_run = $segment_run
),

before_in as (
    select membership.segment, membership.subscriber_id
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

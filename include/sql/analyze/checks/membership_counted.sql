-- name: membership_counted
-- owner: data
-- grain: one row per segment
-- params: none
-- purpose: The recorded size of each segment in its newest run equals the number of its members.
with newest as (
    select
        sizes.segment,
        arg_max(sizes.segment_run, (runs.as_of, runs.built_at)) as segment_run,
        arg_max(sizes.members, (runs.as_of, runs.built_at)) as members
    from segment.sizes
    inner join segment.runs using (segment_run)
    group by sizes.segment
),

counted as (
    select
        block,
        bits,
        count(*) as people
    from segment.members
    group by block, bits
),

members as (
    select
        positions.segment,
        sum(counted.people)::bigint as members
    from segment.positions
    inner join counted
        on
            counted.block = positions.position // 64
            and (counted.bits >> (positions.position % 64)::ubigint) & 1 = 1
    group by positions.segment
)

select
    newest.segment_run || ' ' || newest.segment as scope,
    'segment.sizes.members' as left_side,
    newest.members as left_value,
    'rows of segment.membership' as right_side,
    coalesce(members.members, 0) as right_value,
    true as must_hold
from newest
left join members on newest.segment = members.segment;

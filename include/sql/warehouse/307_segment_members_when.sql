-- name: 307_segment_members_when
-- owner: data
-- grain: one row per segment and member
-- params: none
-- purpose: Who was in segments after the run of a time (as_of and built_at): the newest members, without what later runs
--          changed. A segment whose history begins later has no row.
create or replace macro segment.members_when(segment_names, cut_at, cut_built) as table
    with wanted as (
        select
            segment,
            position // 64 as block,
            1::ubigint << (position % 64)::ubigint as bit
        from segment.positions
        where list_contains(segment_names::varchar[], segment) and known_since <= cut_at::timestamptz
    ),

    later as (
        select
            moves.segment,
            moves.subscriber_id,
            arg_min(moves.moved, (moves.moved_at, moves.built_at)) = 'left' as was_in
        from segment.moves
        semi join wanted on moves.segment = wanted.segment
        where (moves.moved_at, moves.built_at) > (cut_at::timestamptz, cut_built::timestamptz)
        group by moves.segment, moves.subscriber_id
    )

    select
        wanted.segment,
        members.subscriber_id
    from segment.members
    inner join wanted on members.block = wanted.block and members.bits & wanted.bit <> 0
    anti join later on wanted.segment = later.segment and members.subscriber_id = later.subscriber_id

    union all

    select
        segment,
        subscriber_id
    from later
    where was_in;

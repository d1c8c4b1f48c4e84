-- name: 364_segment_moves_on
-- owner: data
-- grain: one row per subscriber who entered or left, and condition that changed
-- params: none
-- purpose: Who entered or left a segment on a day (UTC), and why: moves_on('vip_customers', date '2026-11-24'). condition is null
--          where it is not known. The members of a segment's first run have entered with it and are not listed.
create or replace macro segment.moves_on(segment_name, day) as table
    select
        moves.moved_at,
        moves.moved::varchar as moved,
        moves.subscriber_id,
        changes.condition,
        changes.met_before,
        changes.met_after
    from segment.moves as moves
    left join segment.condition_changes as changes
        on
            moves.segment = changes.segment
            and moves.segment_run = changes.segment_run
            and moves.subscriber_id = changes.subscriber_id
            and moves.moved = changes.moved
    where moves.segment = segment_name and utc_day(moves.moved_at) = day::date;

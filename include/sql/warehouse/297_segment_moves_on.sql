-- name: 297_segment_moves_on
-- owner: data
-- grain: one row per subscriber who entered or left, and condition that changed
-- params: none
-- purpose: Who entered or left a segment on a day (UTC), and why: moves_on('vip_customers', date '2026-11-24'). condition is null
--          where it is not known.
create or replace macro segment.moves_on(segment_name, day) as table
    with moves as (
        select
            subscriber_id,
            'entered' as moved,
            entered_run as segment_run,
            entered_at as moved_at
        from segment.spells
        where segment = segment_name and utc_day(entered_at) = day::date

        union all

        select
            subscriber_id,
            'left' as moved,
            left_run as segment_run,
            left_at as moved_at
        from segment.spells
        where segment = segment_name and utc_day(left_at) = day::date
    )

    select
        moves.moved_at,
        moves.moved,
        moves.subscriber_id,
        changes.condition,
        changes.met_before,
        changes.met_after
    from moves
    left join segment.condition_changes as changes
        on
            changes.segment = segment_name
            and moves.segment_run = changes.segment_run
            and moves.subscriber_id = changes.subscriber_id
            and moves.moved = changes.moved;

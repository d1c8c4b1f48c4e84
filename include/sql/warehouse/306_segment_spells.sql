-- name: 306_segment_spells
-- owner: data
-- grain: one row per segment, subscriber and time in the segment
-- params: none
-- purpose: From which run until which a subscriber was in a segment. Whoever was in it when its history begins has entered then.
create or replace view segment.spells as
with ordered as (
    select
        segment,
        subscriber_id,
        segment_run,
        moved,
        moved_at,
        row_number() over of_person as number,
        lead(segment_run) over of_person as next_run,
        lead(moved_at) over of_person as next_at
    from segment.moves
    window of_person as (partition by segment, subscriber_id order by moved_at, built_at)
)

select
    segment,
    subscriber_id,
    segment_run as entered_run,
    moved_at as entered_at,
    next_run as left_run,
    next_at as left_at
from ordered
where moved = 'entered'

union all

select
    ordered.segment,
    ordered.subscriber_id,
    positions.first_run as entered_run,
    positions.known_since as entered_at,
    ordered.segment_run as left_run,
    ordered.moved_at as left_at
from ordered
inner join segment.positions on ordered.segment = positions.segment
where ordered.number = 1 and ordered.moved = 'left'

union all

select
    membership.segment,
    membership.subscriber_id,
    positions.first_run as entered_run,
    positions.known_since as entered_at,
    null as left_run,
    null as left_at
from segment.membership
inner join segment.positions on membership.segment = positions.segment
anti join segment.moves as moves
    on membership.segment = moves.segment and membership.subscriber_id = moves.subscriber_id;

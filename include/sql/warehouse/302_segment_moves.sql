-- name: 302_segment_moves
-- owner: data
-- grain: one row per segment, run, and subscriber who entered or left with it
-- params: none
-- purpose: What each run changed, from the second run of a segment on. Undone from segment.members, newest first, they give the
--          members of any earlier run. moved_at and built_at are the run's as_of and built_at.
create table if not exists segment.moves as
select
    spells.segment,
    spells.subscriber_id,
    spells.entered_run as segment_run,
    'entered'::enum('entered', 'left') as moved,
    spells.entered_at as moved_at,
    coalesce(runs.built_at, spells.entered_at) as built_at
from segment.spells
inner join segment.positions on spells.segment = positions.segment
left join segment.runs on spells.entered_run = runs.segment_run
where spells.entered_run <> positions.first_run

union all

select
    spells.segment,
    spells.subscriber_id,
    spells.left_run as segment_run,
    'left' as moved,
    spells.left_at as moved_at,
    coalesce(runs.built_at, spells.left_at) as built_at
from segment.spells
left join segment.runs on spells.left_run = runs.segment_run
where spells.left_run is not null;

-- name: moves_create
-- owner: data
-- grain: one row per segment and subscriber who enters or leaves
-- params: segment_run, historic
-- purpose: Temporary table of who enters and leaves each segment with this run: the selected members against the spells before
--          the run. is_first: no run built the segment before.
create or replace temp table moves as
with current as (
    select unnest($historic::varchar[]) as segment
),

before as (
    select
        spells.segment,
        spells.subscriber_id
    from segment.spells
    semi join current on spells.segment = current.segment
    where spells.entered_run <> $segment_run and (spells.left_run is null or spells.left_run = $segment_run)
),

known as (
    select distinct segment
    from segment.spells
    where entered_run <> $segment_run
)

select
    selected.segment,
    selected.subscriber_id,
    'entered' as moved,
    known.segment is null as is_first
from temp.selected_members as selected
semi join current on selected.segment = current.segment
anti join before on selected.segment = before.segment and selected.subscriber_id = before.subscriber_id
left join known on selected.segment = known.segment

union all

select
    before.segment,
    before.subscriber_id,
    'left' as moved,
    false as is_first
from before
anti join temp.selected_members as selected
    on before.segment = selected.segment and before.subscriber_id = selected.subscriber_id;

-- name: 290_segment_spells
-- owner: data
-- grain: one row per segment, subscriber and time in the segment
-- params: none
-- purpose: From which run until which a subscriber was in a segment: who was in it at any time, and who entered and left. It
--          starts with the members of each segment's newest run.
create table if not exists segment.spells as
with newest as (
    select
        sizes.segment,
        arg_max(runs.segment_run, (runs.as_of, runs.built_at)) as segment_run,
        max(runs.as_of) as as_of
    from segment.sizes
    inner join segment.runs using (segment_run)
    group by sizes.segment
)

select
    members.segment,
    members.subscriber_id,
    members.segment_run as entered_run,
    newest.as_of as entered_at,
    null::varchar as left_run,
    null::timestamptz as left_at
from segment.membership as members
inner join newest on members.segment = newest.segment and members.segment_run = newest.segment_run;

-- name: selected_by_segment
-- owner: dispatch
-- grain: one row per selected subscriber (temp table selected)
-- params: segment, segment_run, exclude_segments
-- purpose: The members of the campaign's segment who are in none of its excluded segments, in one segment run.
create or replace temp table selected as
select member.subscriber_id
from segment.membership as member
anti join (
    select subscriber_id
    from segment.membership
    where segment_run = $segment_run and list_contains($exclude_segments::varchar[], segment)
) as excluded
    on member.subscriber_id = excluded.subscriber_id
where member.segment_run = $segment_run and member.segment = $segment;

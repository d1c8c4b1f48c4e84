-- name: selected_by_segment
-- owner: dispatch
-- grain: one row per selected subscriber (temp table selected)
-- params: segment, segment_run, exclude_segments
-- purpose: The members of the campaign's segment who are in none of its excluded segments, in one segment run.
create or replace temp table selected as
select member.subscriber_id
from segment.members_in($segment_run, [$segment]) as member
anti join segment.members_in($segment_run, $exclude_segments) as excluded
    on member.subscriber_id = excluded.subscriber_id;

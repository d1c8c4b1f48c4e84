-- name: selected_by_segments
-- owner: dispatch
-- grain: one row per selected subscriber (temp table selected)
-- params: any_of, all_of, none_of, segment_run
-- purpose: The people of a combination of segments in one segment run: in at least one of any_of (unless that is empty), in
--          each of all_of, and in none of none_of.
create or replace temp table selected as
select subscriber_id
from segment.members_in($segment_run, list_concat($any_of::varchar[], $all_of::varchar[], $none_of::varchar[]))
group by subscriber_id
having
    (len($any_of::varchar[]) = 0 or count(*) filter (where list_contains($any_of::varchar[], segment)) > 0)
    and count(*) filter (where list_contains($all_of::varchar[], segment)) = len(list_distinct($all_of::varchar[]))
    and count(*) filter (where list_contains($none_of::varchar[], segment)) = 0;

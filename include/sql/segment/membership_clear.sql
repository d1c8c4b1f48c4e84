-- name: membership_clear
-- owner: data
-- grain: none
-- params: segment_run, broken
-- purpose: Forget what an earlier try of this run froze, but for the segments that are broken now.
delete from segment.membership
where segment_run = $segment_run and not list_contains($broken::varchar[], segment);

-- name: membership_delete
-- owner: data
-- grain: none
-- params: segment_run, broken
-- purpose: Delete what an earlier try of this run froze, except the segments whose definition is broken now.
delete from segment.membership
where segment_run = $segment_run and not list_contains($broken::varchar[], segment);

-- name: sizes_delete
-- owner: data
-- grain: none
-- params: segment_run, kept
-- purpose: Delete the sizes of an earlier try of this run, except those of segments that stay as they are.
delete from segment.sizes
where segment_run = $segment_run and not list_contains($kept::varchar[], segment);

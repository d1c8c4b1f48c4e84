-- name: sizes_delete
-- owner: data
-- grain: none
-- params: segment_run, broken
-- purpose: Delete the sizes that an earlier try of this run counted, except those of segments whose definition is broken now.
delete from segment.sizes
where segment_run = $segment_run and not list_contains($broken::varchar[], segment);

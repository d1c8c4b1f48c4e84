-- name: sizes_clear
-- owner: data
-- grain: none
-- params: segment_run, built, broken
-- purpose: Forget the sizes that an earlier try of this run counted for segments that have no definition any more.
delete from segment.sizes
where segment_run = $segment_run and not list_contains(list_concat($built::varchar[], $broken::varchar[]), segment);

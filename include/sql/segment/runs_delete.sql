-- name: runs_delete
-- owner: data
-- grain: none
-- params: segment_run
-- purpose: Delete the record that an earlier try of this run wrote, before it is inserted again.
delete from segment.runs
where segment_run = $segment_run;

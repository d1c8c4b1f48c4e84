-- name: moves_delete
-- owner: data
-- grain: none
-- params: segment_run, built
-- purpose: Delete what an earlier try of this run wrote.
delete from segment.moves
where segment_run = $segment_run and list_contains($built::varchar[], segment);

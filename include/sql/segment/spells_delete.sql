-- name: spells_delete
-- owner: data
-- grain: none
-- params: segment_run, historic
-- purpose: Delete what an earlier try of this run opened.
delete from segment.spells
where entered_run = $segment_run and list_contains($historic::varchar[], segment);

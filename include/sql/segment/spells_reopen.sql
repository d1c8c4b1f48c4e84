-- name: spells_reopen
-- owner: data
-- grain: none
-- params: segment_run, historic
-- purpose: Undo what an earlier try of this run closed.
update segment.spells
set left_run = null, left_at = null
where left_run = $segment_run and list_contains($historic::varchar[], segment);

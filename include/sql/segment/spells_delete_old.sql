-- name: spells_delete_old
-- owner: data
-- grain: none
-- params: history_since
-- purpose: Delete spells that ended before a time.
delete from segment.spells
where left_at < $history_since;

-- name: moves_delete_old
-- owner: data
-- grain: none
-- params: history_since
-- purpose: Delete moves that are older than the history that is kept.
delete from segment.moves
where moved_at < $history_since::timestamptz;

-- name: sends_update_tracked
-- owner: dispatch
-- grain: one row per person and plan
-- params: none
-- purpose: Whether messages were tracked, for sends that were recorded before it was: from the view chunk_contents (plan_id,
--          chunk, content), since the ledger keeps every chunk's content.
update dispatch.sends
set tracked = ends_with(chunk_contents.content, '.tracked')
from chunk_contents
where
    sends.tracked is null
    and sends.plan_id = chunk_contents.plan_id
    and sends.chunk = chunk_contents.chunk;

-- name: sends_update_tracked
-- owner: dispatch
-- grain: one row per person and plan
-- params: none
-- purpose: Fills column tracked of sends that were copied before it was added, from the view chunk_contents (plan_id, chunk,
--          content), since the ledger stores the content of each chunk.
update dispatch.sends
set tracked = ends_with(chunk_contents.content, '.tracked')
from chunk_contents
where
    sends.tracked is null
    and sends.plan_id = chunk_contents.plan_id
    and sends.chunk = chunk_contents.chunk;

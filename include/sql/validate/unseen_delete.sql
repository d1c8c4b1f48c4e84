-- name: unseen_delete
-- owner: data
-- grain: one row per relation
-- params: relation
-- purpose: Delete the held deletions of a relation, before unseen_insert replaces them after a full pass.
delete from core.unseen
where relation = $relation;

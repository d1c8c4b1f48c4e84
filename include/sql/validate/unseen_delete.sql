-- name: unseen_delete
-- owner: data
-- grain: one row a relation
-- params: relation
-- purpose: First half of the replacement of core.unseen by what a full pass says.
delete from core.unseen
where relation = $relation;

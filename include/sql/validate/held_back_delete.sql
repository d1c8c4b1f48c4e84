-- name: held_back_delete
-- owner: data
-- grain: none
-- params: none
-- purpose: First half of the replacement of what held back the people of the temporary table held_back_incoming, so that the newest
--          batch is the one that a good row must be newer than.
delete from core.held_back
where subscriber_id in (select subscriber_id from held_back_incoming);

-- name: held_back_delete
-- owner: data
-- grain: one row per subscriber and quarantined row
-- params: none
-- purpose: Delete the entries of subscribers in the temporary table held_back_incoming, before held_back_insert replaces
--          them, so that a good row must be newer than the latest batch.
delete from core.held_back
where subscriber_id in (select subscriber_id from held_back_incoming);

-- name: subscribers_delete_changed
-- owner: data
-- grain: one row per changed subscriber
-- params: none
-- purpose: Delete superseded versions, which subscribers_insert replaces in the same transaction. Without a key on the table
--          this reads one column of it. Reads the temporary table replaced.
delete from core.subscribers
where
    subscriber_id in (select subscriber_id from replaced);

-- name: subscribers_delete_changed
-- owner: data
-- grain: one row a subscriber that changed
-- params: none
-- purpose: The versions that newer ones take the place of go, before the merge puts them back as they are now, in the same
--          transaction. Without a key on the table this reads one column of it. Reads the temporary table incoming.
delete from core.subscribers
where
    subscriber_id in (
        select subscriber_id
        from incoming
        where action = 'update'
    );

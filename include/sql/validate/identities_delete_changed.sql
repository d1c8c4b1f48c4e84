-- name: identities_delete_changed
-- owner: data
-- grain: one row per changed subscriber
-- params: none
-- purpose: Delete address and name of changed subscribers, which identities_insert inserts again in the same transaction.
--          Without a key on the table this reads one column of it. Reads the temporary table incoming.
delete from core.identities
where
    subscriber_id in (
        select subscriber_id
        from incoming
        where action <> 'unchanged'
    );

-- name: identities_delete_changed
-- owner: data
-- grain: one row a subscriber that changed
-- params: none
-- purpose: Address and name of those who changed go, before the merge puts them back as they are now, in the same
--          transaction. Without a key on the table this reads one column of it. Reads the temporary table incoming.
delete from core.identities
where
    subscriber_id in (
        select subscriber_id
        from incoming
        where action <> 'unchanged'
    );

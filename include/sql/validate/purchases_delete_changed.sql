-- name: purchases_delete_changed
-- owner: data
-- grain: one row a purchase that changed
-- params: none
-- purpose: The purchases that changed go, before the merge puts them back as they are now, in the same
--          transaction. Without a key on the table this reads one column of it. Reads the temporary table incoming.
delete from core.purchases
where
    purchase_id in (
        select purchase_id
        from incoming
        where action = 'update'
    );

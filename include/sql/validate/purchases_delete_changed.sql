-- name: purchases_delete_changed
-- owner: data
-- grain: one row per changed purchase
-- params: none
-- purpose: Delete changed purchases, which purchases_insert inserts again in the same transaction. Without a key on the
--          table this reads one column of it. Reads the temporary table incoming.
delete from core.purchases
where
    purchase_id in (
        select purchase_id
        from incoming
        where action = 'update'
    );

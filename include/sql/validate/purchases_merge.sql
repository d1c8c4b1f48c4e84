-- name: purchases_merge
-- owner: data
-- grain: one row a purchase
-- params: none
-- purpose: Bring new and changed purchases into core.purchases. Reads the temporary table incoming.
merge into core.purchases as known
using (
    select * exclude (action)
    from incoming
    where action <> 'unchanged'
) as fresh
    on known.purchase_id = fresh.purchase_id
when matched then update by name
when not matched then insert by name

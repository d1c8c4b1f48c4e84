-- name: purchases_insert
-- owner: data
-- grain: one row a purchase
-- params: none
-- purpose: Bring new and changed purchases into core.purchases, from which purchases_delete_changed took the changed ones. Reads
--          the temporary table incoming.
insert into core.purchases by name
select * exclude (action)
from incoming
where action <> 'unchanged';

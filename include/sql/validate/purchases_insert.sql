-- name: purchases_insert
-- owner: data
-- grain: one row per purchase
-- params: none
-- purpose: Insert new and changed purchases; purchases_delete_changed has deleted the previous versions. Reads the temporary
--          table incoming.
insert into core.purchases by name
select * exclude (action)
from incoming
where action <> 'unchanged';

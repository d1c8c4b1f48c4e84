-- name: purchases_merge
-- owner: data
-- grain: one row a purchase
-- params: none
-- purpose: Bring new and changed purchases into core.purchases; one that is there is replaced. Reads the temporary table incoming.
insert or replace into core.purchases by name
select * exclude (action)
from incoming
where action <> 'unchanged'

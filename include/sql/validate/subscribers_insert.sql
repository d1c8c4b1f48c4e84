-- name: subscribers_insert
-- owner: data
-- grain: one row a subscriber
-- params: none
-- purpose: Bring new people and newer versions into core.subscribers, from which subscribers_delete_changed took the older
--          ones. Reads the temporary table incoming.
insert into core.subscribers by name
select
    * exclude (action, email, first_name, last_name),
    null::timestamptz as deleted_at
from incoming
where action <> 'unchanged';

-- name: subscribers_insert
-- owner: data
-- grain: one row per subscriber
-- params: none
-- purpose: Insert new subscribers and newer versions; subscribers_delete_changed has deleted the previous versions. Reads
--          the temporary table incoming.
insert into core.subscribers by name
select
    * exclude (action, email, first_name, last_name),
    null::timestamptz as deleted_at
from incoming
where action <> 'unchanged';

-- name: activities_insert
-- owner: data
-- grain: one row per activity
-- params: none
-- purpose: Insert new and changed activities; activities_delete_changed has deleted the previous versions. Reads the
--          temporary table incoming.
insert into core.activities by name
select * exclude (action)
from incoming
where action <> 'unchanged';

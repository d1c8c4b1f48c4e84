-- name: changes_insert_reclassified
-- owner: data
-- grain: one row per message
-- params: none
-- purpose: Tell the next build of the marts which messages are classified anew.
insert into build.changes by name
select message_key
from messages_to_classify;

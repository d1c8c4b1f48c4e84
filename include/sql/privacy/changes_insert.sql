-- name: changes_insert
-- owner: privacy
-- grain: one row per message
-- params: ids
-- purpose: Tell the next build of the marts which messages are of a person, before the person is erased.
insert into build.changes (message_key)
select message_key
from dispatch.sends
where list_contains($ids::varchar[], subscriber_id)
union
select message_key
from engagement.events
where list_contains($ids::varchar[], subscriber_id);

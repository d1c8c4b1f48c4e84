-- name: members_update
-- owner: data
-- grain: none
-- params: none
-- purpose: Give the members their bits (temporary table changed_members).
update segment.members
set bits = changed.bits
from temp.changed_members as changed
where changed.is_stored and members.subscriber_id = changed.subscriber_id and members.block = changed.block;

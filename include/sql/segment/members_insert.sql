-- name: members_insert
-- owner: data
-- grain: one row per subscriber and block
-- params: none
-- purpose: Add the people who had no row (temporary table changed_members).
insert into segment.members by name
select
    subscriber_id,
    block,
    bits
from temp.changed_members
where not is_stored and bits <> 0;

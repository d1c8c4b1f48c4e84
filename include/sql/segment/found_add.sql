-- name: found_add
-- owner: data
-- grain: one row a segment a subscriber
-- params: segment
-- purpose: Note what one definition selected (temporary table selected) under its segment's name.
insert into temp.found
select $segment, subscriber_id
from temp.selected;

-- name: membership_insert
-- owner: data
-- grain: one row a segment a subscriber
-- params: segment_run
-- purpose: Freeze the members that the definitions found (temporary table found: segment, subscriber_id), each once, and only
--          people who have features: not deleted, signed up.
insert into segment.membership by name
select distinct $segment_run as segment_run, segment, subscriber_id
from temp.found
semi join segment.features using (subscriber_id)
order by segment;

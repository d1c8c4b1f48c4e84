-- name: condition_members
-- owner: dispatch
-- grain: one row per person and trigger who is in the segment
-- params: segment, segment_run
-- purpose: Who of the view people_due is in a segment, as one run froze it.
select people_due.entry_id
from people_due
inner join segment.members_in($segment_run, [$segment]) as member on people_due.subscriber_id = member.subscriber_id;

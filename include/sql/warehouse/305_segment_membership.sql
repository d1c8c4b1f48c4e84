-- name: 305_segment_membership
-- owner: data
-- grain: one row per segment and subscriber
-- params: none
-- purpose: The members of each segment as of its newest run. Those of an earlier run: segment.members_in.
create or replace view segment.membership as
select
    positions.segment,
    members.subscriber_id
from segment.members
inner join segment.positions
    on
        members.block = positions.position // 64
        and (members.bits >> (positions.position % 64)::ubigint) & 1 = 1;

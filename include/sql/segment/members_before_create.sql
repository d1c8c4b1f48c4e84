-- name: members_before_create
-- owner: data
-- grain: one row per subscriber and block
-- params: none
-- purpose: Temporary view of the members before this run: as stored, without what an earlier try of it changed.
create or replace temp view members_before as
select
    members.subscriber_id,
    members.block,
    members.bits as stored,
    (members.bits & ~coalesce(own.entered, 0)) | coalesce(own.gone, 0) as bits
from segment.members
left join temp.own_moves as own on members.subscriber_id = own.subscriber_id and members.block = own.block;

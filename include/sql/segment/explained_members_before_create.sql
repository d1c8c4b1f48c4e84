-- name: explained_members_before_create
-- owner: data
-- grain: one row per subscriber and block
-- params: none
-- purpose: Temporary table of the rows of members_before of the people whose moves are explained. Made once, since each condition
--          that is a segment would read all members.
create or replace temp table explained_members_before as
select members_before.*
from temp.members_before
semi join temp.explained_moves on members_before.subscriber_id = explained_moves.subscriber_id;

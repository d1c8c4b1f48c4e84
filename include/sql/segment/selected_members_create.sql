-- name: selected_members_create
-- owner: data
-- grain: one row per subscriber, block of segments and statement that selected them
-- params: none
-- purpose: Temporary table for what the definitions of this run select, before it is frozen: a bit per segment (temporary table
--          places). A subscriber may have several rows; the bit of a segment is set in at most one of them.
create or replace temp table selected_members (subscriber_id varchar, block usmallint, bits ubigint);

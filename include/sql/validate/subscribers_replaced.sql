-- name: subscribers_replaced
-- owner: data
-- grain: one row per changed subscriber (temp table replaced)
-- params: none
-- purpose: The rows that a piece replaces, as they are before that: read once for all statements that compare them with the
--          new ones. Reads the temporary table incoming.
create or replace temp table replaced as
select *
from core.subscribers
where
    subscriber_id in (
        select subscriber_id
        from incoming
        where action = 'update'
    );

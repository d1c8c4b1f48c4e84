-- name: identities_insert
-- owner: data
-- grain: one row per subscriber
-- params: none
-- purpose: Insert address and name of new and changed subscribers into the only table that holds them. Reads the temporary
--          table incoming.
insert into core.identities by name
select
    subscriber_id,
    email,
    address_key,
    first_name,
    last_name
from incoming
where action <> 'unchanged';

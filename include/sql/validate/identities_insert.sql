-- name: identities_insert
-- owner: data
-- grain: one row a subscriber
-- params: none
-- purpose: Address and name of the same people, in the one table that holds them. Reads the temporary table incoming.
insert into core.identities by name
select
    subscriber_id,
    email,
    address_key,
    first_name,
    last_name
from incoming
where action <> 'unchanged';

-- name: identities_merge
-- owner: data
-- grain: one row a subscriber
-- params: none
-- purpose: Address and name of the same people, in the one table that holds them. Reads the temporary table incoming.
merge into core.identities as known
using (
    select
        subscriber_id,
        email,
        address_key,
        first_name,
        last_name
    from incoming
    where action <> 'unchanged'
) as fresh
    on known.subscriber_id = fresh.subscriber_id
when matched then update by name
when not matched then insert by name

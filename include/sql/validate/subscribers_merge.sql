-- name: subscribers_merge
-- owner: data
-- grain: one row a subscriber
-- params: none
-- purpose: Bring new people and newer versions into core.subscribers. Reads the temporary table incoming.
merge into core.subscribers as known
using (
    select * exclude (action, email, first_name, last_name), null::timestamptz as deleted_at
    from incoming
    where action <> 'unchanged'
) as fresh
    on known.subscriber_id = fresh.subscriber_id
when matched then update by name
when not matched then insert by name

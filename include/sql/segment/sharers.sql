-- name: sharers
-- owner: data
-- grain: one row per subscriber who shares a hash
-- params: none
-- purpose: The ids of the list that share a hash, each with a number of its own: some in one of 370,000 lists of 10 million people.
select
    subscriber_id,
    (row_number() over ())::ubigint as number
from core.subscribers
where id_hash(subscriber_id) in (
    select id_hash(subscribers.subscriber_id)
    from core.subscribers
    group by all
    having count(*) > 1
);

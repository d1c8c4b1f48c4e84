-- name: sharers
-- owner: data
-- grain: one row per person who shares a hash
-- params: none
-- purpose: The people who are computed (temporary view fact_ids) whose ids share a hash, each with a number of its own: some in one
--          of 370,000 lists of 10 million people.
select
    subscriber_id,
    (row_number() over ())::ubigint as number
from temp.fact_ids
where id_hash(subscriber_id) in (
    select id_hash(ids.subscriber_id)
    from temp.fact_ids as ids
    group by all
    having count(*) > 1
);

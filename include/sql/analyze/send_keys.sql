-- name: send_keys
-- owner: data
-- grain: one row per plan
-- params: none
-- rebuild: by plan
-- purpose: The sends of each plan, and their distinct keys, for the sum checks.
create or replace table build.send_keys as
select
    plan_id,
    count(*) as sends,
    count(distinct message_key) as message_keys,
    count(*) filter (where state in ('accepted', 'in_doubt')) as sent,
    count(distinct address_key) filter (where state in ('accepted', 'in_doubt')) as sent_addresses
from temp.recorded_sends
group by plan_id;

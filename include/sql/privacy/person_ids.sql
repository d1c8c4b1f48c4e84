-- name: person_ids
-- owner: data
-- grain: one row per subscriber
-- params: address_key
-- purpose: The subscribers that a privacy request for an address concerns: its current holders; where nobody has it now, those
--          who had it last. A shared mailbox is one person here, since whoever reads it can make the request.
select distinct subscriber_id
from core.holdings
where address_key = $address_key
qualify is_current or not bool_or(is_current) over ()
order by subscriber_id;

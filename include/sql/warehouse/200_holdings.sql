-- name: 200_holdings
-- owner: data
-- grain: one row per subscriber and address
-- params: none
-- purpose: Every address that a subscriber has or had. An address that the subscriber returned to is listed twice.
create or replace view core.holdings as
select
    subscriber_id,
    address_key,
    true as is_current
from core.subscribers
union all
select
    subscriber_id,
    address_key,
    false as is_current
from core.former_addresses;

-- name: address_once
-- owner: data
-- grain: one row
-- params: none
-- purpose: No address is sent a plan's message twice, not even under two subscriber ids.
select
    'all sends' as scope,
    'accepted or in doubt' as left_side,
    coalesce(sum(sent), 0)::bigint as left_value,
    'distinct plan and address' as right_side,
    coalesce(sum(sent_addresses), 0)::bigint as right_value,
    true as must_hold
from build.send_keys;

-- name: sends_unique
-- owner: data
-- grain: one row
-- params: none
-- purpose: No message key is in the sends twice.
select
    'all sends' as scope,
    'rows of dispatch.sends' as left_side,
    coalesce(sum(sends), 0)::bigint as left_value,
    'distinct message_key' as right_side,
    coalesce(sum(message_keys), 0)::bigint as right_value,
    true as must_hold
from build.send_keys;

-- name: sends_unique
-- owner: data
-- grain: one row
-- params: none
-- purpose: No message key is in the sends twice.
select
    'all sends' as scope,
    'rows of dispatch.sends' as left_side,
    coalesce(sum(copies), 0)::bigint as left_value,
    'distinct message_key' as right_side,
    count(*) as right_value,
    true as must_hold
from (
    select count(*) as copies
    from dispatch.sends
    group by message_key
) as keys;

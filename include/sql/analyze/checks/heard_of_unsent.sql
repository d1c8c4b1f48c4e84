-- name: heard_of_unsent
-- owner: data
-- grain: one row
-- params: none
-- purpose: Nobody has a delivery whose message the ledger does not call accepted. Need not hold while a doubt is unresolved.
select
    'all sends' as scope,
    'delivered without acceptance' as left_side,
    count(*) as left_value,
    'none' as right_side,
    0 as right_value,
    false as must_hold
from dispatch.sends
inner join temp.message_outcomes as outcomes using (message_key)
where sends.state <> 'accepted' and outcomes.delivered_at is not null;

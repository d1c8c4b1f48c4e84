-- name: deliveries_explained
-- owner: data
-- grain: one row per campaign
-- params: none
-- purpose: Every accepted message was delivered, or it is known why not, by marts.delivery_reconciliation. Need not hold: an
--          event may be lost.
select
    campaign as scope,
    'accepted' as left_side,
    sum(accepted)::bigint as left_value,
    'delivered + bounced + suppressed by SendGrid + deferred + in flight' as right_side,
    sum(delivered + bounced + suppressed_by_sendgrid + deferred + in_flight)::bigint as right_value,
    false as must_hold
from marts.delivery_reconciliation
group by campaign;

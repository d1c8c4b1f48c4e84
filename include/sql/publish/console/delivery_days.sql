-- name: delivery_days
-- owner: analytics
-- grain: one row per campaign and day
-- params: none
-- purpose: The ledger against the events by campaign and day of sending, the largest unknown difference first.
select
    campaign,
    day,
    accepted,
    delivered,
    bounced,
    suppressed_by_sendgrid,
    deferred,
    in_flight,
    unknown,
    holds,
    is_over_limit
from marts.delivery_reconciliation
order by unknown desc, day desc, campaign asc
limit 200;

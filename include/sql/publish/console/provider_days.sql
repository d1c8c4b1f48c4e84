-- name: provider_days
-- owner: analytics
-- grain: one row per campaign, day and measure
-- params: differing
-- purpose: SendGrid's statistics against our events by campaign and day, the largest unknown difference first; with $differing
--          only the rows with a difference.
select
    campaign,
    day,
    measure,
    sendgrid,
    events,
    difference,
    test_sends,
    late_events,
    totals_lag,
    unknown,
    holds,
    is_over_limit
from marts.provider_reconciliation
where not $differing or difference <> 0
order by abs(unknown) desc, day desc, campaign asc, measure asc
limit 200;

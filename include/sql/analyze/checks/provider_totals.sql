-- name: provider_totals
-- owner: data
-- grain: one row per campaign and measure
-- params: none
-- purpose: SendGrid's totals against our events with the explained differences, by marts.provider_reconciliation, which has the
--          days and classes. Need not hold: an event may be lost, and a provider may offer no totals.
select
    concat(campaign, ' ', measure) as scope,
    'events, test sends, late events and lag of the totals' as left_side,
    sum(events + test_sends + late_events + totals_lag)::bigint as left_value,
    'SendGrid''s totals' as right_side,
    sum(sendgrid)::bigint as right_value,
    false as must_hold
from marts.provider_reconciliation
group by campaign, measure;

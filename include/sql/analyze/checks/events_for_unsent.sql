-- name: events_for_unsent
-- owner: data
-- grain: one row per plan
-- params: none
-- purpose: No message that the ledger calls unsent (skipped, suppressed, pending, rejected, capped or held out) has an event
--          that proves delivery. An event that says dropped or processed proves nothing, and a message in doubt may have
--          been sent.
select
    concat(plans.campaign, ' ', plans.occurrence) as scope,
    'people called unsent who have events of delivery' as left_side,
    counts.unsent_with_delivery as left_value,
    'none' as right_side,
    0 as right_value,
    true as must_hold
from build.plan_counts as counts
inner join (select distinct
    plan_id,
    campaign,
    occurrence
from build.plan_states) as plans using (plan_id);

-- name: events_for_unsent
-- owner: data
-- grain: one row per plan
-- params: none
-- purpose: No message that the ledger calls unsent (skipped, suppressed, pending, rejected, capped or held out) has an event
--          that proves delivery. An event that says dropped or processed proves nothing, and a message in doubt may have
--          been sent.
select
    concat(sends.campaign, ' ', sends.occurrence) as scope,
    'people called unsent who have events of delivery' as left_side,
    count(*) filter (
        where sends.state not in ('accepted', 'in_doubt')
        and (
            outcomes.delivered_at is not null or outcomes.bounced_at is not null or outcomes.complained_at is not null
            or outcomes.raw_opens > 0 or outcomes.raw_clicks > 0
        )
    ) as left_value,
    'none' as right_side,
    0 as right_value,
    true as must_hold
from dispatch.sends
left join temp.message_outcomes as outcomes using (message_key)
group by sends.plan_id, sends.campaign, sends.occurrence;

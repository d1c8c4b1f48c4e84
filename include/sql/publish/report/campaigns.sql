-- name: campaigns
-- owner: analytics
-- grain: one row per campaign occurrence
-- params: none
-- purpose: The last 24 occurrences, newest first, with the sum over all states and whether it equals the number selected. The
--          steps of journeys, which have many small plans, are in journey_steps.
select
    campaign,
    occurrence,
    campaign || ' ' || occurrence as label,
    segment,
    state,
    strftime(planned_at, '%Y-%m-%d %H:%M') as planned_at,
    selected,
    accepted,
    rejected,
    suppressed,
    capped,
    held_out,
    in_doubt,
    pending,
    skipped,
    accepted + rejected + suppressed + capped + held_out + in_doubt + pending + skipped as accounted,
    accounted = selected as adds_up,
    delivered,
    delivered_tracked,
    bounced_hard,
    bounced_soft,
    bounced_other,
    dropped,
    deferred,
    human_opens,
    raw_opens,
    human_clicks,
    raw_clicks,
    unsubscribes,
    complaints,
    delivery_rate,
    hard_bounce_rate,
    human_open_rate,
    human_open_rate_lower,
    human_open_rate_upper,
    raw_open_rate,
    human_click_rate,
    human_click_rate_lower,
    human_click_rate_upper,
    raw_click_rate,
    unsubscribe_rate,
    complaint_rate,
    cost::double as cost
from marts.campaign_performance
where not contains(campaign, '__')
order by campaign_performance.planned_at desc, campaign asc, occurrence desc
limit 24;

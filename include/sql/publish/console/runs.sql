-- name: runs
-- owner: analytics
-- grain: one row per campaign occurrence
-- params: days, campaign, journeys
-- purpose: The occurrences of the $days days up to the latest plan, newest first, of one $campaign ('' for all). The mails of
--          journeys have a plan for each minute, and are only in it with $journeys.
select
    campaign,
    occurrence,
    campaign || ' ' || occurrence as label,
    segment,
    state,
    planned_at,
    selected,
    accepted,
    accepted + rejected + suppressed + capped + held_out + in_doubt + pending + skipped as accounted,
    delivered,
    delivery_rate,
    hard_bounce_rate,
    human_open_rate,
    human_click_rate,
    unsubscribe_rate,
    complaint_rate,
    cost::double as cost
from marts.campaign_performance
where
    planned_at >= (select max(planned_at) from marts.campaign_performance) - to_days($days)
    and ($campaign = '' or campaign = $campaign)
    and ($journeys or not contains(campaign, '__'))
order by campaign_performance.planned_at desc, campaign asc, occurrence desc
limit 200;

-- name: run_names
-- owner: analytics
-- grain: one row per campaign occurrence
-- params: none
-- purpose: The newest 300 occurrences, to choose from.
select
    campaign,
    occurrence,
    planned_at
from marts.campaign_performance
where not contains(campaign, '__')
order by campaign_performance.planned_at desc, campaign asc, occurrence desc
limit 300;

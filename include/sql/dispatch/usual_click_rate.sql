-- name: usual_click_rate
-- owner: dispatch
-- grain: one row
-- params: campaign
-- purpose: The share of people delivered and tracked who clicked, in the campaign's earlier mail, or if there is none in all
--          mail; null before any. For the number of people that an experiment needs.
select
    coalesce(
        sum(human_clicks) filter (where campaign = $campaign)
        / nullif(sum(delivered_tracked) filter (where campaign = $campaign), 0),
        sum(human_clicks) / nullif(sum(delivered_tracked), 0)
    ) as rate,
    coalesce(sum(delivered_tracked) filter (where campaign = $campaign), 0) > 0 as is_own
from marts.campaign_performance;

-- name: campaign_names
-- owner: analytics
-- grain: one row per campaign
-- params: none
-- purpose: The campaigns that were planned, to choose from.
select distinct campaign
from marts.campaign_performance
where not contains(campaign, '__')
order by campaign;

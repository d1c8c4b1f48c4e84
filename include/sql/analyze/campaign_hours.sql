-- name: campaign_hours
-- owner: analytics
-- grain: one row per campaign, occurrence and hour since it was planned in which anything happened for the first time
-- params: none
-- purpose: The course of a campaign: people whose message was accepted, delivered, opened or clicked for the first time in each
--          hour since the plan was frozen. After 14 days only the last hour, 336, which has everything later.
create or replace table marts.campaign_hours as
select * exclude (messages)
from build.hour_counts
order by all;

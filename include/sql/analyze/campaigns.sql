-- name: campaigns
-- owner: analytics
-- grain: one row per campaign
-- params: none
-- purpose: The campaigns that were planned, as their file said in the newest plan. From the Arrow table known_campaigns.
create or replace table marts.campaigns as
select
    campaign,
    title,
    purpose,
    owner,
    kind,
    journey,
    topic,
    locales,
    variants,
    hold_out_percent,
    cost_per_thousand,
    occurrences,
    make_timestamptz((first_planned_at * 1000000)::bigint) as first_planned_at,
    make_timestamptz((last_planned_at * 1000000)::bigint) as last_planned_at
from known_campaigns
order by campaign;

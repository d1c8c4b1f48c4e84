-- name: journey_steps
-- owner: analytics
-- grain: one row per mail step of a journey
-- params: none
-- purpose: The messages of each mail step, with the rates of the campaign report.
select
    journey,
    step,
    plans,
    accepted,
    in_doubt,
    pending,
    delivered,
    human_opens / nullif(delivered_tracked, 0) as human_open_rate,
    human_opens_lower / nullif(delivered_tracked, 0) as human_open_rate_lower,
    human_opens_upper / nullif(delivered_tracked, 0) as human_open_rate_upper,
    raw_openers / nullif(delivered_tracked, 0) as raw_open_rate,
    human_clicks / nullif(delivered_tracked, 0) as human_click_rate,
    human_clicks_lower / nullif(delivered_tracked, 0) as human_click_rate_lower,
    human_clicks_upper / nullif(delivered_tracked, 0) as human_click_rate_upper,
    raw_clickers / nullif(delivered_tracked, 0) as raw_click_rate,
    unsubscribes,
    complaints
from marts.journey_performance
order by journey, step;

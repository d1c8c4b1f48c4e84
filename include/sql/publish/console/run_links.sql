-- name: run_links
-- owner: analytics
-- grain: one row per link of a campaign occurrence that was clicked
-- params: campaign, occurrence
-- purpose: The links of a mail by the people who clicked them, the most first.
select
    url,
    people,
    share_of_clickers,
    human_clicks,
    machine_clicks
from marts.link_performance
where campaign = $campaign and occurrence = $occurrence
order by link_performance.people desc, url asc;

-- name: run_reasons
-- owner: analytics
-- grain: one row per state and reason of a campaign occurrence
-- params: campaign, occurrence
-- purpose: Why selected people did not get the message, the most frequent reason first.
select
    state,
    reason,
    people
from marts.campaign_reasons
where campaign = $campaign and occurrence = $occurrence
order by campaign_reasons.people desc, state asc, reason asc;

-- name: run
-- owner: analytics
-- grain: one row, the campaign occurrence; none if it was never planned
-- params: campaign, occurrence
-- purpose: The figures of one campaign at one occurrence, with the sum over the states of its people.
select
    *,
    accepted + rejected + suppressed + capped + held_out + in_doubt + pending + skipped as accounted
from marts.campaign_performance
where campaign = $campaign and occurrence = $occurrence;

-- name: run_lost_to
-- owner: analytics
-- grain: one row per reason and other mail of a campaign occurrence
-- params: campaign, occurrence
-- purpose: Which other mail people got in the place of this one, by the frequency caps.
select
    lost_to_campaign as campaign,
    lost_to_occurrence as occurrence,
    lost_to_campaign || ' ' || lost_to_occurrence as label,
    reason,
    people,
    got_it,
    did_not
from marts.arbitration
where arbitration.campaign = $campaign and arbitration.occurrence = $occurrence
order by arbitration.people desc, label asc;

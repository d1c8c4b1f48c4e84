-- name: campaign_reasons
-- owner: analytics
-- grain: one row per campaign, occurrence, state and reason
-- params: none
-- purpose: Why selected people did not get a campaign's message: all states but accepted, with the reason of each.
create or replace table marts.campaign_reasons as
select
    campaign,
    occurrence,
    state,
    coalesce(reason, '') as reason,
    sum(people)::bigint as people
from build.plan_states
where state <> 'accepted'
group by all
order by all;

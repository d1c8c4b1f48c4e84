-- name: verdict_changes
-- owner: analytics
-- grain: one row per pair of rule versions, campaign, occurrence and event
-- params: none
-- purpose: Human events of each campaign before and after a change of the rules, the largest difference first.
select
    campaign,
    occurrence,
    event,
    concat(from_version, ' to ', to_version) as versions,
    sum(events)::bigint as events,
    coalesce(sum(events) filter (where verdict_before = 'human'), 0)::bigint as human_before,
    coalesce(sum(events) filter (where verdict_after = 'human'), 0)::bigint as human_after,
    human_after - human_before as difference
from marts.verdict_changes
group by all
order by abs(difference) desc, campaign asc, occurrence asc, event asc, versions asc
limit 200;

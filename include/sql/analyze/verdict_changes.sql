-- name: verdict_changes
-- owner: analytics
-- grain: one row per pair of rule versions, campaign, occurrence, event and pair of verdicts
-- params: none
-- purpose: What a new version of the rules made of the history: events by their verdict before and after, those that kept it
--          included. A history that was classified again in rounds is summed.
create or replace table marts.verdict_changes as
select
    from_version,
    to_version,
    max(changed_at) as changed_at,
    campaign,
    occurrence,
    event,
    verdict_before,
    verdict_after,
    sum(events)::bigint as events,
    sum(messages)::bigint as messages
from engagement.verdict_changes
group by all
order by to_version desc, from_version desc, campaign asc, occurrence asc, event asc, verdict_before asc, verdict_after asc;

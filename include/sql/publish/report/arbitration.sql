-- name: arbitration
-- owner: analytics
-- grain: one row per campaign occurrence, reason and mail that people lost to
-- params: none
-- purpose: The last 24 of these, newest plan first, most people first.
select
    campaign || ' ' || occurrence as label,
    lost_to_campaign || ' ' || lost_to_occurrence as lost_to,
    if(reason = 'outranked', 'ranked higher and was due soon', 'was sent shortly before') as why,
    people,
    got_it,
    did_not
from marts.arbitration
where not contains(campaign, '__')
order by arbitration.planned_at desc, people desc, label asc, lost_to asc
limit 24;

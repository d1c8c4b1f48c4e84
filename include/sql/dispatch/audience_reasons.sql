-- name: audience_reasons
-- owner: dispatch
-- grain: one row per reason and mail that people lost to
-- params: none
-- purpose: Why people of the audience are not planned, most frequent reason first.
select
    state,
    reason,
    lost_to_campaign,
    lost_to_occurrence,
    count(*) as people
from audience
where state <> 'planned'
group by all
order by people desc, state asc, reason asc, lost_to_campaign asc, lost_to_occurrence asc;

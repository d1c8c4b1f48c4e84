-- name: audience_reasons
-- owner: dispatch
-- grain: one row per reason
-- params: none
-- purpose: Why people of the audience are not planned, most frequent reason first.
select
    state,
    reason,
    count(*) as people
from audience
where state <> 'planned'
group by all
order by people desc, state asc, reason asc;

-- name: audience_zones
-- owner: dispatch
-- grain: one row a time zone
-- params: none
-- purpose: The time zones of the people who were planned; null is one of them.
select distinct timezone
from audience
where state = 'planned'
order by timezone nulls first;

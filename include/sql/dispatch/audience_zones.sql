-- name: audience_zones
-- owner: dispatch
-- grain: one row per variant and time zone
-- params: none
-- purpose: The planned people of temp table audience by variant and time zone ('' for none), most people first.
select
    variant,
    coalesce(timezone, '') as zone,
    count(*) as people
from audience
where state = 'planned'
group by variant, zone
order by people desc, variant asc, zone asc;

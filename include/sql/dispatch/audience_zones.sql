-- name: audience_zones
-- owner: dispatch
-- grain: one row per variant, time zone and own hour
-- params: none
-- purpose: The planned people of temp table audience by variant and time zone ('' for none) and own hour (null for
--          none), most people first.
select
    variant,
    coalesce(timezone, '') as zone,
    send_hour,
    count(*) as people
from audience
where state = 'planned'
group by variant, zone, send_hour
order by people desc, variant asc, zone asc, send_hour asc;

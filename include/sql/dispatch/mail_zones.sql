-- name: mail_zones
-- owner: dispatch
-- grain: one row per time zone and own hour
-- params: none
-- purpose: The time zones of planned people ('' for none) and their own hours (-1 for none), from temp table mail_groups.
select distinct
    zone,
    own_hour
from mail_groups
order by zone, own_hour;

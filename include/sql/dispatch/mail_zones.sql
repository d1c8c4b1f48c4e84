-- name: mail_zones
-- owner: dispatch
-- grain: one row per time zone
-- params: none
-- purpose: The time zones of planned people ('' for none), from temp table mail_groups.
select distinct zone
from mail_groups
order by zone;

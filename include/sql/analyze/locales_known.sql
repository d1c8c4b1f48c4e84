-- name: locales_known
-- owner: data
-- grain: one row per locale
-- params: none
-- purpose: The locales that subscribers have.
select distinct locale
from core.subscribers
where locale is not null
order by locale;

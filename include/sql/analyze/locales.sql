-- name: locales
-- owner: analytics
-- grain: one row per locale
-- params: none
-- purpose: The locales of subscribers with their English names. From the Arrow table known_locales.
create or replace table marts.locales as
select
    locale,
    language,
    locale_name
from known_locales
order by locale;

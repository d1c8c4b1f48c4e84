-- name: countries
-- owner: analytics
-- grain: one row per country
-- params: none
-- purpose: All countries with their English names. From the Arrow table known_countries.
create or replace table marts.countries as
select
    country,
    country_name
from known_countries
order by country;

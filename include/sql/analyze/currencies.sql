-- name: currencies
-- owner: analytics
-- grain: one row per currency
-- params: none
-- purpose: The currencies that the shop's file converts.
create or replace table marts.currencies as
select
    currency,
    rate,
    reporting_currency,
    currency = reporting_currency as is_reporting_currency
from core.exchange_rates
order by currency;

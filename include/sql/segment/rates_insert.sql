-- name: rates_insert
-- owner: data
-- grain: one row per currency
-- params: currencies, rates, reporting_currency
-- purpose: The exchange rates of the shop's file: what one unit of each currency is worth in the reporting currency.
insert into core.exchange_rates by name
select
    unnest($currencies::varchar[]) as currency,
    unnest($rates::varchar[])::decimal(18, 8) as rate,
    $reporting_currency as reporting_currency;

-- name: rates_fill
-- owner: data
-- grain: one row a currency
-- params: currencies, rates, reporting_currency
-- purpose: Copy what the shop's file says one unit of each currency is worth.
insert into core.exchange_rates by name
select
    unnest($currencies::varchar[]) as currency,
    unnest($rates::varchar[])::decimal(18, 8) as rate,
    $reporting_currency as reporting_currency;

-- name: 062_exchange_rates
-- owner: data
-- grain: one row per currency
-- params: none
-- purpose: A copy of the shop's file: the value of one unit in the reporting currency, which has the rate 1. Replaced whole
--          before segments and marts are built. A purchase in a currency that is not here is counted and has no value.
create table if not exists core.exchange_rates (
    currency varchar not null,
    rate decimal(18, 8) not null,
    reporting_currency varchar not null
);

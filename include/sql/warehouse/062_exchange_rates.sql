-- name: 062_exchange_rates
-- owner: data
-- grain: one row a currency
-- params: none
-- purpose: A copy of the shop's file: what one unit is worth in the reporting currency, which has the rate 1. Replaced whole before
--          segments and marts are built. A purchase in a currency that is not here has no value: it is counted, not guessed.
create table if not exists core.exchange_rates (
    currency varchar not null,
    rate decimal(18, 8) not null,
    reporting_currency varchar not null
);

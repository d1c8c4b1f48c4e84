-- name: rates_clear
-- owner: data
-- grain: none
-- params: none
-- purpose: Empty the exchange rates before they are copied anew, in the same transaction.
delete from core.exchange_rates;

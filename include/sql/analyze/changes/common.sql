-- name: common
-- owner: data
-- grain: one row per text
-- params: none
-- purpose: What every kept table and the facts of segments depend on: the views and macros of the warehouse, and the exchange rates.
select checksum as text
from core.schema_history
where checksum is not null
union all
select concat_ws(' ', currency, rate, reporting_currency) as text
from core.exchange_rates
order by text;

-- name: purchases
-- owner: analytics
-- grain: one row per purchase or refund
-- params: none
-- rebuild: by purchase day
-- purpose: What people bought, by opaque key, in the currency of the purchase and in the reporting currency. The numbers of
--          orders are left out: shops print them on invoices.
create or replace table marts.purchases as
select
    purchases.subscriber_id,
    purchases.purchased_at,
    purchases.amount,
    purchases.currency,
    if(rates.rate = 1, purchases.amount, (purchases.amount * rates.rate)::decimal(18, 2)) as revenue,
    purchases.items,
    purchases.amount < 0 as is_refund
from core.purchases as purchases
left join core.exchange_rates as rates on purchases.currency = rates.currency;

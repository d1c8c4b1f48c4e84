-- Maps the purchases of the source example onto the data contract. Delete this file if the source has none.
select
    sale.number as purchase_id,
    sale.contact_id as subscriber_id,
    sale.sold_at as purchased_at,
    sale.total_cents / 100.0 as amount,
    sale.currency
from sales as sale

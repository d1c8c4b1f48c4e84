-- name: purchases
-- owner: data
-- grain: one row a purchase
-- params: none
-- purpose: The relation `purchases` of a source, under the names of the data contract; optional. Mapped as subscribers.sql is.
select *
from purchases;

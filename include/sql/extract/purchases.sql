-- name: purchases
-- owner: data
-- grain: one row per purchase
-- params: none
-- purpose: The default query of the relation `purchases`, which is optional. A custom query replaces it; see
--          subscribers.sql.
select *
from purchases;

-- name: purchases_kept
-- owner: data
-- grain: one row per person whose purchases are not summed again
-- params: none
-- purpose: Adds to purchases_by_person what the facts have of the people who are computed for another source (temporary table
--          facts_before).
insert into temp.purchases_by_person by name
select
    number,
    first_purchased_at,
    last_purchased_at,
    purchases,
    purchase_days,
    revenue,
    unconverted
from temp.facts_before
where not has_purchases;

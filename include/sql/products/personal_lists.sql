-- name: personal_lists
-- owner: dispatch
-- grain: one row per named person with products
-- params: people
-- purpose: The lists of products of some people as one JSON object each, as people.sql has them.
select
    subscriber_id,
    json_group_object(list_name, items)::varchar as products
from person_product_lists
where list_contains($people::varchar[], subscriber_id)
group by subscriber_id;

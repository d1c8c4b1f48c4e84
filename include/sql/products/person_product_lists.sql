-- name: person_product_lists
-- owner: dispatch
-- grain: one row per person and list of products
-- params: none
-- purpose: The empty temp table of the products that the mail of each person shows.
create or replace temp table person_product_lists (
    subscriber_id varchar,
    list_name varchar,
    items json
);

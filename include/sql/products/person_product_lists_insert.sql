-- name: person_product_lists_insert
-- owner: dispatch
-- grain: one row per person with a product of the list
-- params: list_name, most
-- purpose: Adds the products of temp table chosen_products (subscriber_id, product_id, place) to the lists of people, best
--          first, with the values of the catalogue. A product that the catalogue does not have is left out.
insert into person_product_lists
select
    chosen.subscriber_id,
    $list_name as list_name,
    to_json(
        list_slice(
            list(
                {
                    'id': product.id, 'name': product.name, 'price': product.price, 'currency': product.currency,
                    'url': product.url, 'image': product.image
                }
                order by chosen.place, product.id
            ), 1, $most
        )
    ) as items
from chosen_products as chosen
inner join products as product on chosen.product_id = product.id
group by chosen.subscriber_id;

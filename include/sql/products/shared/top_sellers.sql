-- name: top_sellers
-- owner: marketing
-- grain: one row per product that people bought or put into a basket
-- params: as_of, days = 30
-- purpose: What sold best in the whole shop: products by the number of people and days on which they were bought (activity
--          product_bought), then by those on which they were put into a basket (basket_add), for shops that report no sales
--          per product. The property product of the activity names the product.
with interest as (
    select
        properties ->> 'product' as product_id,
        count(distinct concat_ws(' ', subscriber_id, utc_day(happened_at))) filter (where name = 'product_bought') as bought,
        count(distinct concat_ws(' ', subscriber_id, utc_day(happened_at))) filter (where name = 'basket_add') as in_basket
    from core.activities
    where
        name in ('product_bought', 'basket_add')
        and happened_at > $as_of::timestamptz - to_days($days)
        and happened_at <= $as_of::timestamptz
    group by product_id
)

select
    product_id,
    row_number() over (order by bought desc, in_basket desc, product_id asc) as place
from interest
where product_id is not null;

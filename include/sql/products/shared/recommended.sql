-- name: recommended
-- owner: marketing
-- grain: one row per product that people of the audience looked at
-- params: as_of, days = 90
-- purpose: What the people of this mail's segment care about: products by the number of its planned people who looked at
--          them, counting somebody who put it into a basket three times and somebody who bought it five times.
with interest as (
    select
        subscriber_id,
        properties ->> 'product' as product_id,
        max(case name when 'product_bought' then 5 when 'basket_add' then 3 else 1 end) as weight
    from core.activities
    where
        name in ('page_view', 'basket_add', 'product_bought')
        and happened_at > $as_of::timestamptz - to_days($days)
        and happened_at <= $as_of::timestamptz
        and subscriber_id in (
            select audience.subscriber_id
            from audience
            where audience.state = 'planned'
        )
    group by all
)

select
    product_id,
    row_number() over (order by sum(weight) desc, product_id asc) as place
from interest
where product_id is not null
group by product_id;

-- name: last_viewed
-- owner: marketing
-- grain: one row per planned person and product
-- params: as_of, days = 90
-- purpose: What each person looked at last (page_view) and did not buy since (product_bought), newest first.
with seen as (
    select
        subscriber_id,
        properties ->> 'product' as product_id,
        max(happened_at) filter (where name = 'page_view') as viewed_at,
        max(happened_at) filter (where name = 'product_bought') as bought_at
    from core.activities
    where
        name in ('page_view', 'product_bought')
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
    subscriber_id,
    product_id,
    row_number() over (partition by subscriber_id order by viewed_at desc, product_id asc) as place
from seen
where product_id is not null and viewed_at > coalesce(bought_at, '-infinity'::timestamptz);

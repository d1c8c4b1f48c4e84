-- name: abandoned_baskets
-- owner: marketing
-- grain: one row per subscriber
-- params: none
-- purpose: People who put something into the basket in the last 7 days and have bought nothing since.
select baskets.subscriber_id
from segment.activity_counts as baskets
inner join segment.features as features on baskets.subscriber_id = features.subscriber_id
where
    baskets.name = 'basket_add'
    and baskets.in_7_days > 0
    and (features.last_purchased_at is null or features.last_purchased_at < baskets.last_at);

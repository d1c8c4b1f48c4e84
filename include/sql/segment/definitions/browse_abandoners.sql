-- name: browse_abandoners
-- owner: marketing
-- grain: one row per subscriber
-- params: none
-- purpose: People who looked at pages of the shop in the last 7 days, put nothing into the basket in that time and have
--          bought nothing since.
select views.subscriber_id
from segment.activity_counts as views
inner join segment.features as features on views.subscriber_id = features.subscriber_id
where
    views.name = 'page_view'
    and views.in_7_days > 0
    and (features.last_purchased_at is null or features.last_purchased_at < views.last_at)
    and views.subscriber_id not in (
        select subscriber_id
        from segment.activity_counts
        where name = 'basket_add' and in_7_days > 0
    );

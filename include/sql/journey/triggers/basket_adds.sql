-- name: basket_adds
-- owner: marketing
-- grain: one row per person and day with a basket
-- params: since
-- purpose: The first time on a day that somebody put something into the basket.
select
    subscriber_id,
    concat('basket ', utc_day(happened_at)) as trigger_key,
    min(happened_at) as happened_at
from core.activities
where name = 'basket_add' and happened_at > $since
group by subscriber_id, utc_day(happened_at);

-- name: lapsing_vips
-- owner: marketing
-- grain: one row per subscriber
-- params: none
-- purpose: Big spenders who have not bought for longer than usual: worth a personal win-back.
select lapsing.subscriber_id
from segment.lapsing_customers as lapsing
inner join segment.big_spenders as spenders on lapsing.subscriber_id = spenders.subscriber_id;

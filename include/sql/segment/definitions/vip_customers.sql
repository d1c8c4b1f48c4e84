-- name: vip_customers
-- owner: marketing
-- grain: one row per subscriber
-- params: none
-- purpose: Big spenders who are loyal: previews, early access, a letter from the founder.
select loyal.subscriber_id
from segment.loyal_customers as loyal
inner join segment.big_spenders as spenders on loyal.subscriber_id = spenders.subscriber_id;

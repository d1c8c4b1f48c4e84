-- name: second_purchase_due
-- owner: marketing
-- grain: one row per subscriber
-- params: from_day = 14, to_day = 45
-- purpose: Customers who bought once, 14 to 45 days ago: the time in which a second purchase is most likely.
select features.subscriber_id
from segment.features as features
inner join segment.one_time_buyers as once on features.subscriber_id = once.subscriber_id
where features.days_since_purchase between $from_day and $to_day;

-- name: silent_buyers
-- owner: marketing
-- grain: one row per subscriber
-- params: days = 90
-- purpose: Customers who buy and do not read: a purchase in the last 90 days and no open or click in that time. They need
--          fewer mails, not more.
select subscriber_id
from segment.features
where
    days_since_purchase <= $days
    and (days_since_engagement is null or days_since_engagement > $days);

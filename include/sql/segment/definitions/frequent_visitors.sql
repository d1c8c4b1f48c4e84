-- name: frequent_visitors
-- owner: marketing
-- grain: one row per subscriber
-- params: activities = 5
-- purpose: People who did at least 5 things in the shop in the last 30 days (page views, sign-ins, baskets).
select subscriber_id
from segment.features
where activities_30d >= $activities;

-- name: signup_anniversary
-- owner: marketing
-- grain: one row per subscriber
-- params: days = 7
-- purpose: People who signed up whole years ago, today or up to 6 days ago: one year of letters is a reason to write.
select subscriber_id
from segment.features
where days_since_signup >= 365 and days_since_signup % 365 < $days;

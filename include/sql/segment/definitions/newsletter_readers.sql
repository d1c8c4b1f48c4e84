-- name: newsletter_readers
-- owner: marketing
-- grain: one row per subscriber
-- params: none
-- purpose: Readers of the newsletter: subscribers with a sign of life (open, click, purchase, sign-up) in the last 180 days.
--          Subscribers without one are not mailed until they return (sunset).
select subscriber_id
from segment.features
where engagement_level in ('engaged', 'warm', 'cooling');

-- name: newsletter_readers
-- owner: marketing
-- grain: one row a subscriber
-- params: none
-- purpose: Readers of the newsletter: everybody with a sign of life (open, click, purchase, sign-up) in the last 180
--          days. Who shows none for longer is not mailed until they come back (sunset).
select subscriber_id
from segment.features
where engagement_level in ('engaged', 'warm', 'cooling');

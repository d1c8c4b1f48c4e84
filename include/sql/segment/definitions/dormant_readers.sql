-- name: dormant_readers
-- owner: marketing
-- grain: one row per subscriber
-- params: none
-- purpose: Subscribers without a sign of life for 180 days, who get one last question and no other mail.
select subscriber_id
from segment.features
where engagement_level = 'dormant';

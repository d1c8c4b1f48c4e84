-- name: dormant_readers
-- owner: marketing
-- grain: one row a subscriber
-- params: none
-- purpose: People without any sign of life for 180 days: not mailed any more, kept for a last question.
select subscriber_id
from segment.features
where engagement_level = 'dormant';

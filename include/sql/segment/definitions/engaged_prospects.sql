-- name: engaged_prospects
-- owner: marketing
-- grain: one row per subscriber
-- params: none
-- purpose: People who read the mail and have never bought: an offer for the first order.
select features.subscriber_id
from segment.features as features
inner join segment.engaged_60 as engaged on features.subscriber_id = engaged.subscriber_id
where features.lifecycle_stage = 'prospect';

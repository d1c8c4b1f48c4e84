-- name: person_lifecycle
-- owner: analytics
-- grain: one row, the subscriber; none if there is no such subscriber
-- params: subscriber
-- purpose: What is known of one subscriber in the newest run of segments.
select
    as_of,
    lifecycle_stage,
    engagement_level,
    purchases,
    revenue::double as revenue,
    currency,
    days_since_purchase
from marts.lifecycle
where subscriber_id = $subscriber;

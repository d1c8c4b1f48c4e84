-- name: lifecycle_history
-- owner: analytics
-- grain: one row per subscriber and time in one state
-- params: none
-- purpose: Begin the state of subscribers who have none that is open: new ones, and those whose state lifecycle_history_close
--          ended.
insert into marts.lifecycle_history by name
select
    features.subscriber_id,
    utc_day(features.as_of) as valid_from,
    features.lifecycle_stage,
    features.recency_score,
    features.frequency_score,
    features.monetary_score,
    features.engagement_level
from segment.features as features
anti join marts.lifecycle_history as history
    on features.subscriber_id = history.subscriber_id and history.valid_until is null;

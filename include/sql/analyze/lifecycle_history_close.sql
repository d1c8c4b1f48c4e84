-- name: lifecycle_history_close
-- owner: data
-- grain: none
-- params: none
-- purpose: End the state of subscribers who are in another one now, or have left the features (deleted at the source).
update marts.lifecycle_history
set valid_until = (select utc_day(max(as_of)) from segment.features)
where
    valid_until is null
    and exists (select 1 from segment.features)
    and not exists (
        select 1
        from segment.features as features
        where
            features.subscriber_id = lifecycle_history.subscriber_id
            and features.lifecycle_stage = lifecycle_history.lifecycle_stage
            and features.recency_score is not distinct from lifecycle_history.recency_score
            and features.frequency_score is not distinct from lifecycle_history.frequency_score
            and features.monetary_score is not distinct from lifecycle_history.monetary_score
            and features.engagement_level = lifecycle_history.engagement_level
    );
